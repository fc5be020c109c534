"""Write the faces of a photo, and its right time, as an XMP sidecar that photo managers read.

Regions as the Metadata Working Group defines them (Guidelines for Handling Image Metadata 2.0,
section 5.9): centre and size relative to the picture as it is stored, before EXIF's orientation
turns it. The orientation is repeated, since some programs look for it only where the regions are.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from xml.sax.saxutils import escape, quoteattr

from photoshare.geometry import FaceLocation
from photoshare.pictures import decoding
from photoshare.pictures.orientation import in_file

_HEAD = (
    '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>\n'
    '<x:xmpmeta xmlns:x="adobe:ns:meta/">\n'
    '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">\n'
    '<rdf:Description rdf:about=""\n'
    ' xmlns:dc="http://purl.org/dc/elements/1.1/"\n'
    ' xmlns:tiff="http://ns.adobe.com/tiff/1.0/"\n'
    ' xmlns:exif="http://ns.adobe.com/exif/1.0/"\n'
    ' xmlns:photoshop="http://ns.adobe.com/photoshop/1.0/"\n'
    ' xmlns:Iptc4xmpExt="http://iptc.org/std/Iptc4xmpExt/2008-02-29/"\n'
    ' xmlns:mwg-rs="http://www.metadataworkinggroup.com/schemas/regions/"\n'
    ' xmlns:stArea="http://ns.adobe.com/xmp/sType/Area#"\n'
    ' xmlns:stDim="http://ns.adobe.com/xap/1.0/sType/Dimensions#"\n'
)
_TAIL = '</rdf:Description>\n</rdf:RDF>\n</x:xmpmeta>\n<?xpacket end="w"?>\n'
# Control characters that XML 1.0 cannot hold, not even escaped.
_NOT_IN_XML = dict.fromkeys((*range(9), 11, 12, *range(14, 32), 65534, 65535))
_DIGITS = 6  # of a share of the picture's side: a hundredth of a pixel of the largest


@dataclass(frozen=True, slots=True)
class NamedFace:
    """A face in a photo, and whose it is."""

    location: FaceLocation | None  # None: in a clip
    name: str | None


def write_sidecar(
    faces: Sequence[NamedFace],
    *,
    size: tuple[int, int],
    orientation: int,
    taken_at: str | None = None,
) -> bytes:
    """Write the sidecar of a photo.

    Parameters
    ----------
    faces : sequence of NamedFace
        At locations of the upright photo; of a clip only their names are written.
    size : tuple of int
        Width and height of the upright photo in pixels.
    orientation : int
        1 to 8, by which programs turn the file upright.
    taken_at : str, optional
        When it was taken, in ISO 8601, if that is another time than the file says.
    """
    names = list(dict.fromkeys(_as_text(face.name) for face in faces if face.name))
    width, height = reversed(size) if orientation in decoding.TURNED else size
    parts = [
        _HEAD,
        f' exif:DateTimeOriginal="{taken_at}"\n photoshop:DateCreated="{taken_at}"\n'
        if taken_at
        else "",
        f' tiff:Orientation="{orientation}">\n',
        _bag("dc:subject", names),
        _bag("Iptc4xmpExt:PersonInImage", names),
        '<mwg-rs:Regions rdf:parseType="Resource">\n',
        f'<mwg-rs:AppliedToDimensions stDim:w="{width}" stDim:h="{height}" stDim:unit="pixel"/>\n',
        "<mwg-rs:RegionList>\n<rdf:Bag>\n",
        *(
            _region(face.location, face.name, size, (width, height), orientation)
            for face in faces
            if face.location is not None
        ),
        "</rdf:Bag>\n</mwg-rs:RegionList>\n</mwg-rs:Regions>\n",
        _TAIL,
    ]
    return "".join(parts).encode()


def _region(
    location: FaceLocation,
    name: str | None,
    size: tuple[int, int],
    stored: tuple[int, int],
    orientation: int,
) -> str:
    top, right, bottom, left = location
    left, top, right, bottom = in_file((left, top, right, bottom), size, orientation)
    across, down = stored
    values = {
        "x": (left + right) / 2 / across,
        "y": (top + bottom) / 2 / down,
        "w": (right - left) / across,
        "h": (bottom - top) / down,
    }
    area = " ".join(f'stArea:{name}="{value:.{_DIGITS}f}"' for name, value in values.items())
    named = f" mwg-rs:Name={quoteattr(_as_text(name))}" if name else ""
    return (
        f'<rdf:li><rdf:Description{named} mwg-rs:Type="Face">'
        f'<mwg-rs:Area {area} stArea:unit="normalized"/></rdf:Description></rdf:li>\n'
    )


def _bag(tag: str, names: Iterable[str]) -> str:
    items = "".join(f"<rdf:li>{escape(name)}</rdf:li>" for name in names)
    return f"<{tag}><rdf:Bag>{items}</rdf:Bag></{tag}>\n" if items else ""


def _as_text(name: str | None) -> str:
    return (name or "").translate(_NOT_IN_XML)
