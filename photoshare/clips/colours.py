"""Make an upright RGB picture of a decoded frame, in the colours of ordinary screens."""

from __future__ import annotations

import numpy as np
from av import VideoFrame
from av.video.reformatter import ColorPrimaries, ColorRange, Colorspace, ColorTrc, Interpolation
from numpy.typing import NDArray
from PIL import Image

_Floats = NDArray[np.float32]

_MATRICES = {  # FFmpeg's AVColorSpace: what swscale calls it
    1: Colorspace.ITU709,
    4: Colorspace.FCC,
    5: Colorspace.ITU601,
    6: Colorspace.SMPTE170M,
    7: Colorspace.SMPTE240M,
    9: Colorspace.BT2020,
    10: Colorspace.BT2020,
}
_HD_LINES = 720  # unmarked clips: of television before HD below, BT.709 from here on, as players do
_BANDS = 64  # rows of a bright picture that are converted at a time
# Of BT.2020 and Display P3 to the primaries of sRGB, for linear light.
_TO_SRGB = {
    ColorPrimaries.BT2020: (
        (1.6605, -0.5876, -0.0728),
        (-0.1246, 1.1329, -0.0083),
        (-0.0182, -0.1006, 1.1187),
    ),
    ColorPrimaries.SMPTE432: (
        (1.2249, -0.2247, 0.0),
        (-0.0420, 1.0419, 0.0),
        (-0.0197, -0.0786, 1.0979),
    ),
}
_LUMINANCE = np.array((0.2627, 0.6780, 0.0593), np.float32)  # of BT.2020
_LUMINANCE.flags.writeable = False
WHITE_NITS = 203  # of paper in an HDR picture: ITU-R BT.2408
HLG_PEAK_NITS = 1000
_KNEE = 0.75  # of white: brighter light is compressed, darker light stays as it is


def upright_rgb(frame: VideoFrame, size: tuple[int, int]) -> Image.Image:
    """Make the picture of a frame, turned as players turn it.

    Parameters
    ----------
    frame : VideoFrame
    size : tuple of int
        Width and height of the result before it is turned.

    Returns
    -------
    Image.Image
        Mode RGB, sRGB.
    """
    converts = frame.color_trc in (ColorTrc.SMPTE2084, ColorTrc.ARIB_STD_B67)
    converts = converts or frame.color_primaries in _TO_SRGB
    matrix = _MATRICES.get(frame.colorspace)
    if matrix is None:
        matrix = Colorspace.ITU709 if frame.height >= _HD_LINES else Colorspace.ITU601
    reformatted = frame.reformat(
        *size,
        format="rgb48le" if converts else "rgb24",
        src_colorspace=matrix,
        src_color_range=frame.color_range or ColorRange.MPEG,
        dst_color_range=ColorRange.JPEG,
        interpolation=Interpolation.AREA | Interpolation.ACCURATE_RND,
        threads=1,
    )
    pixels = reformatted.to_ndarray()
    if converts:
        pixels = _ordinary(pixels.astype(np.uint16), frame.color_trc, frame.color_primaries)
    image = Image.fromarray(pixels)
    turn = turn_of(frame)
    return image if turn is None else image.transpose(turn)


def turn_of(frame: VideoFrame) -> Image.Transpose | None:
    """Tell how a frame is turned upright, by the matrix that its container has for it."""
    told = frame.side_data.get("DISPLAYMATRIX")
    if told is None:
        return None
    matrix = np.frombuffer(told, "<i4")  # type: ignore[call-overload]
    a, b, _, c, d = matrix[:5].tolist()
    if abs(a) + abs(d) >= abs(b) + abs(c):
        turns = {
            (True, False): Image.Transpose.FLIP_TOP_BOTTOM,
            (False, True): Image.Transpose.FLIP_LEFT_RIGHT,
            (False, False): Image.Transpose.ROTATE_180,
        }
        return turns.get((a >= 0, d >= 0))
    return {
        (True, False): Image.Transpose.ROTATE_270,
        (False, True): Image.Transpose.ROTATE_90,
        (True, True): Image.Transpose.TRANSPOSE,
        (False, False): Image.Transpose.TRANSVERSE,
    }[b >= 0, c >= 0]


SIDEWAYS = (
    Image.Transpose.ROTATE_90,
    Image.Transpose.ROTATE_270,
    Image.Transpose.TRANSPOSE,
    Image.Transpose.TRANSVERSE,
)


def _ordinary(pixels: NDArray[np.uint16], curve: int, primaries: int) -> NDArray[np.uint8]:
    """Convert wide or bright colours to sRGB, a few rows at a time."""
    light = _light_of(curve)
    is_bright = curve in (ColorTrc.SMPTE2084, ColorTrc.ARIB_STD_B67)
    matrix = _TO_SRGB.get(ColorPrimaries(primaries)) if primaries in _TO_SRGB else None
    result = np.empty(pixels.shape, np.uint8)
    for top in range(0, len(pixels), _BANDS):
        band: _Floats = light[pixels[top : top + _BANDS] >> 4]
        if curve == ColorTrc.ARIB_STD_B67:  # the system gamma of a screen of 1000 nits
            band = band * np.maximum(band @ _LUMINANCE, 1e-6)[..., None] ** np.float32(0.2)
            band *= HLG_PEAK_NITS / WHITE_NITS
        if matrix is not None:
            band = np.maximum(band @ np.array(matrix, np.float32).T, 0)
        if is_bright:
            band = _compressed(band)
        result[top : top + _BANDS] = (_srgb(band) * 255 + 0.5).astype(np.uint8)
    return result


def _light_of(curve: int) -> _Floats:
    """Tabulate the linear light of 4096 values; 1 is white, for HLG before the system gamma."""
    value = np.linspace(0, 1, 4096, dtype=np.float64)
    if curve == ColorTrc.SMPTE2084:
        root = value ** (1 / 78.84375)
        light = np.maximum(root - 0.8359375, 0) / (18.8515625 - 18.6875 * root)
        return (light ** (1 / 0.1593017578125) * 10_000 / WHITE_NITS).astype(np.float32)
    if curve == ColorTrc.ARIB_STD_B67:
        bright = (np.exp((value - 0.55991073) / 0.17883277) + 0.28466892) / 12
        return np.where(value <= 0.5, value**2 / 3, bright).astype(np.float32)
    # What players do with ordinary clips: their values are shown as if they were sRGB.
    return np.where(value <= 0.04045, value / 12.92, ((value + 0.055) / 1.055) ** 2.4).astype(
        np.float32
    )


def _compressed(light: _Floats) -> _Floats:
    """Fit light brighter than white below it, with the hue kept: by the strongest channel."""
    strongest = light.max(axis=-1, keepdims=True)
    excess = np.maximum(strongest - _KNEE, 0) / (1 - _KNEE)
    fitted = np.minimum(strongest, _KNEE) + (1 - _KNEE) * excess / (1 + excess)
    compressed: _Floats = light * (fitted / np.maximum(strongest, 1e-6))
    return compressed


def _srgb(light: _Floats) -> _Floats:
    light = np.clip(light, 0, 1)
    shown: _Floats = np.where(light <= 0.0031308, light * 12.92, 1.055 * light ** (1 / 2.4) - 0.055)
    return shown
