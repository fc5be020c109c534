"""Clean XMP, an XML text of properties, by keeping only known ones.

In some formats offsets point past it, so a packet keeps its length: removed parts become spaces,
with which XMP itself pads packets.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from xml.parsers import expat

EMPTY_XMP = b'<x:xmpmeta xmlns:x="adobe:ns:meta/"/>'
_RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
_XML = "http://www.w3.org/XML/1998/namespace"
_FRAMES = (_RDF, "adobe:ns:meta/")  # the elements that contain properties
_ITEM = "http://ns.google.com/photos/1.0/container/item/"
# Properties of the Exif and TIFF namespaces are named after the tags.
_EXIF_NAMES = """
    BitsPerSample Compression ImageDescription ImageLength ImageWidth Make Model Orientation
    PhotometricInterpretation PlanarConfiguration PrimaryChromaticities ReferenceBlackWhite
    ResolutionUnit SamplesPerPixel Software TransferFunction WhitePoint XResolution YResolution
    YCbCrCoefficients YCbCrPositioning YCbCrSubSampling DateTime DateTimeOriginal DateTimeDigitized
    OffsetTime OffsetTimeOriginal OffsetTimeDigitized SubsecTime SubsecTimeOriginal
    SubsecTimeDigitized SubSecTime SubSecTimeOriginal SubSecTimeDigitized ExifVersion
    FlashpixVersion ColorSpace Gamma PixelXDimension PixelYDimension ComponentsConfiguration
    CompressedBitsPerPixel ExposureTime FNumber ExposureProgram SpectralSensitivity
    ISOSpeedRatings PhotographicSensitivity SensitivityType StandardOutputSensitivity
    RecommendedExposureIndex ISOSpeed OECF ShutterSpeedValue ApertureValue BrightnessValue
    ExposureBiasValue MaxApertureValue SubjectDistance MeteringMode LightSource Flash Fired Return
    Mode Function RedEyeMode FocalLength FlashEnergy FocalPlaneXResolution FocalPlaneYResolution
    FocalPlaneResolutionUnit ExposureIndex SensingMethod FileSource SceneType CFAPattern
    CustomRendered ExposureMode WhiteBalance DigitalZoomRatio FocalLengthIn35mmFilm
    SceneCaptureType GainControl Contrast Saturation Sharpness SubjectDistanceRange
    LensSpecification LensMake LensModel CompositeImage Columns Rows Names Values
"""
_HARMLESS_EXIF = frozenset(_EXIF_NAMES.split())
# By namespace, the properties that stay; None: all of them. Others name people (mwg-rs, MP,
# Iptc4xmpExt, lr, digiKam, plus, xmpRights, keywords), locations (Iptc4xmpCore, photoshop), devices
# (aux, makers' own) or the picture itself (xmpMM), or refer to a movie that the copy does not have
# (GCamera, makers' own).
_HARMLESS: dict[str, Collection[str] | None] = {
    "http://purl.org/dc/elements/1.1/": {"title", "description", "format"},
    "http://ns.adobe.com/xap/1.0/": {
        *("CreateDate", "ModifyDate", "MetadataDate", "CreatorTool", "Rating", "Label")
    },
    "http://ns.adobe.com/photoshop/1.0/": {"DateCreated", "Headline", "ColorMode", "ICCProfile"},
    "http://ns.adobe.com/tiff/1.0/": _HARMLESS_EXIF,
    "http://ns.adobe.com/exif/1.0/": _HARMLESS_EXIF,
    "http://cipa.jp/exif/1.0/": _HARMLESS_EXIF,
    "http://ns.adobe.com/hdr-gain-map/1.0/": None,
    "http://ns.apple.com/HDRGainMap/1.0/": None,
    "http://ns.apple.com/pixeldatainfo/1.0/": None,
    "http://ns.google.com/photos/1.0/panorama/": None,
    "http://ns.google.com/photos/1.0/container/": None,
    _ITEM: {"Mime", "Semantic", "Length", "Padding"},
}
# Where the movie of a motion photo is, for the copies that have it.
_OF_A_MOVIE = {
    "http://ns.google.com/photos/1.0/camera/": {
        *("MotionPhoto", "MotionPhotoVersion", "MotionPhotoPresentationTimestampUs"),
        *("MicroVideo", "MicroVideoVersion", "MicroVideoOffset"),
        "MicroVideoPresentationTimestampUs",
    }
}
_MOVIE_TYPE = "video/mp4"
# A packet with more is blanked as a whole. Lightroom's history of a long edit has some thousands.
MAX_PARTS = 50_000  # tags, and attributes
MAX_DEPTH = 100  # of elements in others; real ones have about ten
_HARMLESS_RDF = ("parseType", "resource", "about")
_TAG = re.compile(rb"""<(?:[^>"']++|"[^"]*+"|'[^']*+')*+>""")
_ATTRIBUTE = re.compile(rb"""\s([^\s=<>/"']+)\s*=\s*("[^"]*"|'[^']*')""")


def clean_xmp(packet: bytes, *, keeps_movie: bool = False) -> bytes:
    """Blank all properties not known to be harmless; all of them if it cannot be parsed.

    Parameters
    ----------
    packet : bytes
    keeps_movie : bool
        Of a motion photo whose movie stays behind it: what tells where it is stays as well.
    """
    text = packet.rstrip(b"\0")
    try:
        if max(text.count(b"<"), text.count(b"=")) > MAX_PARTS:
            raise ValueError("too many parts")
        cleaned = _Blanking(text, keeps_movie=keeps_movie).run()
        if _Blanking(cleaned, keeps_movie=keeps_movie).run() == cleaned:
            return cleaned.ljust(len(packet), b" ")
    except (expat.ExpatError, ValueError):
        pass
    return (EMPTY_XMP if len(packet) >= len(EMPTY_XMP) else b"").ljust(len(packet), b" ")


def _is_harmless(namespace: str, name: str, harmless: Mapping[str, Collection[str] | None]) -> bool:
    if namespace in _FRAMES:
        return True
    names = harmless.get(namespace, ())
    return names is None or name in names


@dataclass(slots=True)
class _Element:
    start: int
    namespace: str
    name: str
    stays: bool
    text: list[str] = field(default_factory=list)


class _Blanking:
    """One pass over an XMP text that overwrites the removed parts with spaces."""

    def __init__(self, packet: bytes, *, keeps_movie: bool) -> None:
        self._packet = packet
        self._keeps_movie = keeps_movie
        self._harmless = _HARMLESS | (_OF_A_MOVIE if keeps_movie else {})
        self._cleaned = bytearray(packet)
        self._opened: list[_Element] = []
        self._namespaces: dict[str, list[str]] = {"xml": [_XML]}  # by prefix, the last one applies
        # Whatever the text declares, so that no other encoding can hide a name.
        self._parser = parser = expat.ParserCreate("utf-8", namespace_separator=" ")
        parser.StartNamespaceDeclHandler = self._declare
        parser.EndNamespaceDeclHandler = lambda prefix: self._namespaces[prefix or ""].pop()
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._text
        parser.CommentHandler = lambda _text: self._blank_up_to(b"-->")
        parser.ProcessingInstructionHandler = self._instruction
        parser.StartDoctypeDeclHandler = self._refuse

    def run(self) -> bytes:
        self._parser.Parse(self._packet, True)
        return bytes(self._cleaned)

    def _blank(self, start: int, stop: int) -> None:
        self._cleaned[start:stop] = b" " * (stop - start)

    def _blank_up_to(self, mark: bytes) -> None:
        start = self._parser.CurrentByteIndex
        self._blank(start, self._packet.index(mark, start) + len(mark))

    def _declare(self, prefix: str | None, namespace: str | None) -> None:
        self._namespaces.setdefault(prefix or "", []).append(namespace or "")

    def _instruction(self, target: str, _data: str) -> None:
        if target != "xpacket":
            self._blank_up_to(b"?>")

    def _refuse(self, *_arguments: object) -> None:
        raise ValueError("XMP has no document type")

    def _tag_at(self, start: int) -> re.Match[bytes]:
        tag = _TAG.match(self._packet, start)
        if tag is None:
            raise ValueError("a tag that expat and we read differently")
        return tag

    def _start(self, qualified_name: str, _attributes: dict[str, str]) -> None:
        namespace, _, name = qualified_name.rpartition(" ")
        start = self._parser.CurrentByteIndex
        element = _Element(start, namespace, name, _is_harmless(namespace, name, self._harmless))
        self._opened.append(element)
        if len(self._opened) > MAX_DEPTH:
            raise ValueError("elements nested too deeply")
        tag = self._tag_at(start)
        for attribute in _ATTRIBUTE.finditer(self._packet, start, tag.end()):
            self._attribute(element, attribute)

    def _attribute(self, element: _Element, attribute: re.Match[bytes]) -> None:
        prefix, _, name = attribute[1].decode().rpartition(":")
        if "xmlns" in (prefix, name):
            namespace = attribute[2][1:-1].decode()
            stays = namespace in _FRAMES or namespace in self._harmless
        else:
            namespace = self._namespaces[prefix][-1] if prefix else ""
            stays = namespace == _XML or _is_harmless(namespace, name, self._harmless)
            if namespace == _RDF:
                stays = name in _HARMLESS_RDF
            if (namespace, name) == (_RDF, "about"):  # required, may be empty; some put an id here
                self._blank(attribute.start(2) + 1, attribute.end(2))
                self._cleaned[attribute.start(2) + 1] = attribute[2][0]
                return
            self._note_item(namespace, name, attribute[2][1:-1].decode())
        if not stays:
            self._blank(*attribute.span())

    def _note_item(self, namespace: str, name: str, value: str) -> None:
        """Remove a container directory's entry that is not a picture, such as its movie."""
        if self._keeps_movie and value.strip() == _MOVIE_TYPE:
            return
        if namespace == _ITEM and name == "Mime" and not value.strip().startswith("image/"):
            for element in reversed(self._opened):
                if (element.namespace, element.name) == (_RDF, "li"):
                    element.stays = False
                    return

    def _text(self, text: str) -> None:
        if self._opened:
            self._opened[-1].text.append(text)

    def _end(self, _name: str) -> None:
        element = self._opened.pop()
        self._note_item(element.namespace, element.name, "".join(element.text))
        if not element.stays:
            tag = self._tag_at(element.start)
            if not tag[0].endswith(b"/>"):
                tag = self._tag_at(self._parser.CurrentByteIndex)
            self._blank(element.start, tag.end())
