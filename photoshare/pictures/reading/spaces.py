"""Colour spaces by their numbers in ITU-T H.273, as PNG (cICP), HEIC and AVIF (nclx) give them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

Floats = NDArray[np.float32]
Curve = Callable[[Floats], Floats]  # from a value of the file, 0 to 1, to light; 1 is white
# Where the three primaries and white lie in CIE 1931: x and y of red, green, blue, white.
Chromaticities = tuple[float, float, float, float, float, float, float, float]

_D65 = (0.3127, 0.3290)
_SRGB: Chromaticities = (0.64, 0.33, 0.30, 0.60, 0.15, 0.06, *_D65)
ADOBE_RGB: Chromaticities = (0.64, 0.33, 0.21, 0.71, 0.15, 0.06, *_D65)
ADOBE_GAMMA = 563 / 256
_PRIMARIES: dict[int, Chromaticities] = {
    1: _SRGB,
    4: (0.67, 0.33, 0.21, 0.71, 0.14, 0.08, 0.310, 0.316),
    5: (0.64, 0.33, 0.29, 0.60, 0.15, 0.06, *_D65),
    6: (0.630, 0.340, 0.310, 0.595, 0.155, 0.070, *_D65),
    7: (0.630, 0.340, 0.310, 0.595, 0.155, 0.070, *_D65),
    9: (0.708, 0.292, 0.170, 0.797, 0.131, 0.046, *_D65),  # BT.2020
    11: (0.680, 0.320, 0.265, 0.690, 0.150, 0.060, 0.314, 0.351),  # P3 of cinemas
    12: (0.680, 0.320, 0.265, 0.690, 0.150, 0.060, *_D65),  # Display P3
    22: (0.630, 0.340, 0.295, 0.605, 0.155, 0.077, *_D65),
}
_GAMMAS = {4: 2.2, 5: 2.8, 8: 1.0}
_LIKE_VIDEO = (1, 6, 14, 15)  # BT.709, BT.601, BT.2020 of 10 and 12 bits
_PQ, _DCI, _HLG = 16, 17, 18
_WHITE_NITS = 203  # of HDR is what SDR calls white (ITU-R BT.2408)
_HLG_NITS, _HLG_GAMMA = 1000, 1.2  # of the screen that HLG is made for (ITU-R BT.2100)
# Brighter light is compressed from here on, so that a sky keeps some of its clouds, and white moves
# by 4 of 255; our choice.
_KNEE = 0.9
_STEPS = 65535  # of light, in the table that makes it sRGB
BAND_PIXELS = 1 << 20  # converted at a time: at 4 bytes for each of three colours

# What the eye's cones see of XYZ, by Bradford, as ICC profiles use it to adapt to another white.
_BRADFORD = ((0.8951, 0.2664, -0.1614), (-0.7502, 1.7135, 0.0367), (0.0389, -0.0685, 1.0296))


@dataclass(frozen=True, slots=True)
class Space:
    """What the numbers of a picture mean, if not sRGB.

    Attributes
    ----------
    chromaticities : tuple of float
    curve : callable
    is_hdr : bool
        Whether there may be more light than white.
    """

    chromaticities: Chromaticities
    curve: Curve
    is_hdr: bool = False

    def to_srgb(self, image: Image.Image) -> Image.Image:
        """Convert an RGB picture to sRGB, some rows at a time."""
        return self.values_to_srgb(np.asarray(image), 255)

    def values_to_srgb(self, values: NDArray[np.integer], most: int) -> Image.Image:
        """Convert an array of rows, columns and RGB, whose largest value is `most`."""
        table = self.curve(np.arange(most + 1, dtype=np.float32) / np.float32(most))
        matrix = (_from_xyz(_SRGB) @ _to_xyz(self.chromaticities)).T.astype(np.float32)
        result = np.empty(values.shape, dtype=np.uint8)
        rows = max(BAND_PIXELS // max(values.shape[1], 1), 1)
        for top in range(0, values.shape[0], rows):
            light = table[values[top : top + rows]] @ matrix
            if self.is_hdr:
                _compress(light)
            np.clip(light, 0, 1, out=light)
            result[top : top + rows] = _ENCODED[(light * _STEPS + 0.5).astype(np.uint16)]
        return Image.fromarray(result)


def space_of_codes(primaries: int, transfer: int, *, is_png: bool = False) -> Space | None:
    """Return the space of two numbers of H.273; None if it is sRGB, or they are unknown.

    Parameters
    ----------
    primaries, transfer : int
    is_png : bool
        Whether the curve of video is meant if it is named. Cameras and encoders write it into HEIC
        and AVIF without meaning it, so that browsers take it for the one of sRGB there.
    """
    if transfer == _PQ:
        return Space(_PRIMARIES.get(primaries, _SRGB), _pq, is_hdr=True)
    if transfer == _HLG:
        return Space(_PRIMARIES.get(primaries, _SRGB), _hlg, is_hdr=True)
    curve: Curve = _srgb
    if transfer in _GAMMAS:
        curve = gamma_curve(_GAMMAS[transfer])
    elif transfer == _DCI:
        curve = gamma_curve(2.6)
    elif transfer in _LIKE_VIDEO and is_png:
        curve = _video
    elif primaries in (1, 2):
        return None
    return Space(_PRIMARIES.get(primaries, _SRGB), curve)


def gamma_curve(gamma: float) -> Curve:
    """Return the curve of a screen with this exponent."""
    return lambda value: value ** np.float32(gamma)


def _srgb(value: Floats) -> Floats:
    return np.where(value <= 0.04045, value / 12.92, ((value + 0.055) / 1.055) ** 2.4).astype(
        np.float32
    )


def _video(value: Floats) -> Floats:
    return np.where(value < 0.081, value / 4.5, ((value + 0.099) / 1.099) ** (1 / 0.45)).astype(
        np.float32
    )


def _pq(value: Floats) -> Floats:
    """Perceptual quantizer (SMPTE ST 2084)."""
    root = value.astype(np.float64) ** (32 / 2523)
    light = np.maximum(root - 107 / 128, 0) / (2413 / 128 - 2392 / 128 * root)
    return (10_000 / _WHITE_NITS * light ** (8192 / 1305)).astype(np.float32)


def _hlg(value: Floats) -> Floats:
    """Hybrid log-gamma (ITU-R BT.2100), on a screen of 1000 nits."""
    scene = np.where(
        value <= 0.5,
        value.astype(np.float64) ** 2 / 3,
        (np.exp((value.astype(np.float64) - 0.55991073) / 0.17883277) + 0.28466892) / 12,
    )
    return (_HLG_NITS / _WHITE_NITS * scene**_HLG_GAMMA).astype(np.float32)


def _compress(light: Floats) -> None:
    """Bring light above the knee below white, in its place; all colours of a pixel by one ratio."""
    most = light.max(axis=2)
    is_bright = most > _KNEE
    bright, room = most[is_bright], 1 - _KNEE
    light[is_bright] *= ((1 - room * np.exp((_KNEE - bright) / room)) / bright)[:, None]


def _to_xyz(chromaticities: Chromaticities) -> NDArray[np.float64]:
    """Return the matrix from light of these primaries to XYZ, adapted to the white of sRGB."""
    x, y = np.array(chromaticities).reshape(4, 2).T
    columns = np.array([x / y, np.ones(4), (1 - x - y) / y])
    primaries, white = columns[:, :3], columns[:, 3]
    matrix = primaries * np.linalg.solve(primaries, white)
    ours = np.array([_D65[0] / _D65[1], 1.0, (1 - sum(_D65)) / _D65[1]])
    cones = np.array(_BRADFORD)
    ratio = (cones @ ours) / (cones @ white)
    return np.asarray(np.linalg.inv(cones) @ np.diag(ratio) @ cones @ matrix)


def _from_xyz(chromaticities: Chromaticities) -> NDArray[np.float64]:
    return np.asarray(np.linalg.inv(_to_xyz(chromaticities)))


def _encoded() -> NDArray[np.uint8]:
    light = np.arange(_STEPS + 1) / _STEPS
    value = np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055)
    table = np.asarray((value * 255 + 0.5).astype(np.uint8))
    table.flags.writeable = False
    return table


_ENCODED = _encoded()
