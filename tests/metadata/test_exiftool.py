"""What exiftool, which reads more than any other program, still finds in a guest's copy.

It also plants a sentinel in every field that it can write and that names a person, a device, a
location or the picture itself, so that the samples are independent of the code under test.
"""

from __future__ import annotations

import io
import json
import re
import struct
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pillow_heif
import pytest
import rawpy
from PIL import ExifTags, Image, ImageCms

from photoshare.metadata.clean import find_patches
from photoshare.metadata.patches import PatchedFile
from tests.metadata import samples
from tests.raws import draw_dng, preview
from tests.tools import find_tool

pytestmark = pytest.mark.slow

pillow_heif.register_heif_opener()

SENTINEL = "Zq7Planted"
MOMENT = "2026:08:15 14:00:00"
# Written with a sentinel each; exiftool skips those that a format does not support.
_NAMES = """
IFD0:Artist IFD0:Copyright IFD0:HostComputer IFD0:XPAuthor IFD0:XPKeywords IFD0:XPComment
IFD0:DocumentName IFD0:PageName IFD0:CameraLabel IFD0:ReelName
IFD0:CameraSerialNumber IFD0:OriginalRawFileName
ExifIFD:OwnerName ExifIFD:SerialNumber ExifIFD:LensSerialNumber ExifIFD:UserComment
ExifIFD:ImageUniqueID ExifIFD:RelatedSoundFile ExifIFD:ImageHistory ExifIFD:SecurityClassification
GPS:GPSMapDatum GPS:GPSAreaInformation GPS:GPSProcessingMethod
IPTC:By-line IPTC:By-lineTitle IPTC:Credit IPTC:Source IPTC:CopyrightNotice IPTC:Contact
IPTC:Writer-Editor IPTC:Keywords IPTC:City IPTC:Sub-location IPTC:Province-State
IPTC:Country-PrimaryLocationName IPTC:ContentLocationName IPTC:FixtureIdentifier
IPTC:OriginalTransmissionReference IPTC:UniqueDocumentID IPTC:SpecialInstructions
Photoshop:URL
XMP-mwg-rs:RegionName XMP-mwg-rs:RegionDescription XMP-mwg-rs:RegionType
XMP-mwg-kw:HierarchicalKeywords1 XMP-mwg-coll:CollectionName
XMP-MP:RegionPersonDisplayName XMP-MP:RegionPersonEmailDigest XMP-MP1:PanoramicStitchVersion
XMP-microsoft:LastKeywordXMP XMP-microsoft:CameraSerialNumber XMP-microsoft:CreatorAppID
XMP-iptcExt:PersonInImage XMP-iptcExt:PersonInImageName XMP-iptcExt:PersonInImageDescription
XMP-iptcExt:LocationShownCity XMP-iptcExt:LocationShownSublocation
XMP-iptcExt:LocationCreatedCity XMP-iptcExt:LocationCreatedCountryName
XMP-iptcExt:LocationCreatedLocationId XMP-iptcExt:Event XMP-iptcExt:DigitalImageGUID
XMP-iptcExt:OrganisationInImageName XMP-iptcExt:ImageRegionName XMP-iptcExt:ArtworkCreator
XMP-iptcCore:Location XMP-iptcCore:CountryCode XMP-iptcCore:CreatorCity
XMP-iptcCore:CreatorWorkEmail XMP-iptcCore:Scene
XMP-photoshop:City XMP-photoshop:State XMP-photoshop:Country XMP-photoshop:Credit
XMP-photoshop:AuthorsPosition XMP-photoshop:CaptionWriter XMP-photoshop:Instructions
XMP-photoshop:Source XMP-photoshop:DocumentAncestors XMP-photoshop:History
XMP-dc:Coverage XMP-dc:Creator XMP-dc:Contributor XMP-dc:Publisher XMP-dc:Rights XMP-dc:Source
XMP-dc:Subject XMP-dc:Identifier XMP-dc:Relation
XMP-lr:HierarchicalSubject XMP-lr:WeightedFlatSubject
XMP-digiKam:TagsList XMP-digiKam:CaptionsAuthorNames XMP-digiKam:ImageUniqueID
XMP-mediapro:People XMP-mediapro:Location XMP-mediapro:Event XMP-mediapro:CatalogSets
XMP-acdsee:Author XMP-acdsee:Keywords XMP-acdsee:Categories XMP-acdsee:Notes
XMP-expressionmedia:People XMP-expressionmedia:Event
XMP-plus:ImageCreatorName XMP-plus:CopyrightOwnerName XMP-plus:LicensorName
XMP-plus:ImageSupplierImageID XMP-plus:ModelReleaseID XMP-plus:PropertyReleaseID
XMP-xmpRights:Owner XMP-xmpRights:UsageTerms XMP-xmpRights:WebStatement
XMP-xmp:Author XMP-xmp:Nickname XMP-xmp:Identifier XMP-xmp:BaseURL
XMP-xmpMM:DocumentID XMP-xmpMM:InstanceID XMP-xmpMM:OriginalDocumentID
XMP-xmpMM:DerivedFromDocumentID XMP-xmpMM:HistoryInstanceID XMP-xmpMM:ManagerVariant
XMP-xmpDM:Artist XMP-xmpDM:ShotLocation XMP-xmpDM:ProjectName XMP-xmpBJ:JobRefName
XMP-tiff:Artist XMP-tiff:Copyright
XMP-exif:UserComment XMP-exif:ImageUniqueID XMP-exif:GPSMapDatum XMP-exif:GPSAreaInformation
XMP-exifEX:OwnerName XMP-exifEX:SerialNumber XMP-exifEX:LensSerialNumber
XMP-aux:OwnerName XMP-aux:SerialNumber XMP-aux:LensSerialNumber XMP-aux:ImageNumber
XMP-crs:RawFileName XMP-cc:AttributionName XMP-pdf:Author XMP-pdf:Keywords XMP-prism:Person
XMP-getty:Personality XMP-ics:TagStructureLabelName XMP-GCamera:MicroVideo
XMP-GCamera:MotionPhoto XMP-GAudio:AudioMimeType XMP-GImage:ImageMimeType
PNG:Author PNG:Comment PNG:Copyright PNG:Source File:Comment GIF:Comment
"""
PLANTED = _NAMES.split()
NUMBERS = {
    "GPS:GPSLatitude": "47.5",
    "GPS:GPSLatitudeRef": "N",
    "GPS:GPSLongitude": "8.7",
    "GPS:GPSLongitudeRef": "E",
    "XMP-exif:GPSLatitude": "47.5",
    "XMP-exif:GPSLongitude": "8.7",
    "XMP-MP:RegionRectangle": "0.1, 0.1, 0.2, 0.2",
    "XMP-GCamera:MotionPhoto": "1",
    "XMP-GCamera:MicroVideo": "1",
    "XMP-GCamera:MicroVideoOffset": "1234",
    "ExifIFD:ImageNumber": "815",
}
KEPT = {
    "IFD0:ImageDescription": "The cake",
    "IFD0:Make": "Maker",
    "ExifIFD:DateTimeOriginal": MOMENT,
    "ExifIFD:OffsetTimeOriginal": "+02:00",
    "ExifIFD:LensModel": "Fast 50",
    "XMP-dc:Title": "A party",
    "XMP-dc:Description": "The cake",
    "XMP-xmp:Rating": "5",
    "XMP-xmp:CreateDate": MOMENT,
    "XMP-exif:DateTimeOriginal": MOMENT,
    "XMP-photoshop:DateCreated": MOMENT,
}
ORIENTATION = "IFD0:Orientation"
# Names of tags that could identify a person, a device, a location, a movie or this one picture.
TELLING = re.compile(
    r"GPS|Serial|Owner|Artist|Author|Creator(?!Tool)|By-line|Copyright(?!Flag)|Rights|Credit|Contact"
    r"|HostComputer|UniqueID|DocumentID|InstanceID|Identifier|UUID|GUID|City|Country|State$|Location"
    r"|Region|Person|People|Keyword|TagsList|Subject$|Comment|Coverage|Motion|MicroVideo|Embedded"
    r"|ImageNumber|RunTime|Digest",
    re.IGNORECASE,
)
# Of the ICC profile, and what exiftool adds to each file.
HARMLESS_GROUPS = ("ICC", "ExifTool", "System", "SourceFile", "File:CurrentIPTCDigest")


@pytest.fixture
def exiftool(tmp_path: Path) -> Callable[..., str]:
    program = find_tool("exiftool", "libimage-exiftool-perl")

    def run(*arguments: str | Path) -> str:
        command = [program, "-config", "", *map(str, arguments)]
        return subprocess.run(command, capture_output=True, text=True, check=False).stdout

    return run


def read(exiftool: Callable[..., str], path: Path) -> dict[str, object]:
    """Read all tags, including unknown and duplicate ones."""
    (tags,) = json.loads(exiftool("-a", "-u", "-G1", "-s", "-j", path))
    return {name: tags[name] for name in tags if not name.startswith(HARMLESS_GROUPS)}


def clean(path: Path, image_format: str) -> Path:
    """Write what a guest gets."""
    file = PatchedFile(path, find_patches(path, image_format))
    copy = path.with_name(f"copy{path.suffix}")
    copy.write_bytes(file.read_at(0, file.size_bytes + 1))
    file.close()
    return copy


def apple_note() -> bytes:
    """Make a maker note like an iPhone's, with the brightness of the picture and its ids."""
    texts = {0x0B: f"{SENTINEL}-burst", 0x11: f"{SENTINEL}-content", 0x15: f"{SENTINEL}-image"}
    head = b"Apple iOS\0\0\x01MM"
    values = {tag: text.encode() + b"\0" for tag, text in texts.items()}
    entries, tail = [], b""
    start = len(head) + 2 + 12 * (len(values) + 1) + 4
    for tag, value in values.items():
        entries.append(struct.pack(">HHII", tag, 2, len(value), start + len(tail)))
        tail += value
    entries.append(struct.pack(">HHII", 0x21, 10, 1, start + len(tail)))
    tail += struct.pack(">ii", 3, 2)
    table = struct.pack(">H", len(entries)) + b"".join(entries) + bytes(4)
    return head + table + tail


def draw(image_format: str) -> bytes:
    """Draw a photo with a profile and an iPhone's maker note."""
    exif = Image.Exif()
    if image_format not in ("HEIF", "AVIF"):  # those have a property for rotation
        exif[ExifTags.Base.Orientation] = 6
    exif.get_ifd(ExifTags.IFD.Exif)[ExifTags.Base.MakerNote] = apple_note()
    options: dict[str, object] = {"exif": exif.tobytes()}
    if image_format != "GIF":
        profile = ImageCms.createProfile("sRGB")
        options["icc_profile"] = ImageCms.ImageCmsProfile(profile).tobytes()
    buffer = io.BytesIO()
    samples.picture().save(buffer, image_format, **options)
    return buffer.getvalue()


def plant(exiftool: Callable[..., str], path: Path) -> None:
    """Write a sentinel into every field that names someone or something."""
    values = {name: f"{SENTINEL}-{number}" for number, name in enumerate(PLANTED)}
    assignments = [f"-{name}={value}" for name, value in (values | NUMBERS | KEPT).items()]
    exiftool("-m", "-overwrite_original", *assignments, path)


def sentinels(content: bytes) -> Iterator[bytes]:
    for coding in ("ascii", "utf-16-le", "utf-16-be"):
        word = SENTINEL.encode(coding)
        yield from re.findall(re.escape(word) + rb".{0,9}", content, re.DOTALL)


@pytest.mark.parametrize(
    ("image_format", "ending"),
    [
        ("JPEG", "jpg"),
        ("PNG", "png"),
        ("WEBP", "webp"),
        ("TIFF", "tif"),
        ("HEIF", "heic"),
        ("AVIF", "avif"),
        ("GIF", "gif"),
    ],
)
def test_nothing_that_identifies_is_left_in_any_format(
    tmp_path: Path, exiftool: Callable[..., str], image_format: str, ending: str
) -> None:
    path = tmp_path / f"photo.{ending}"
    path.write_bytes(draw(image_format))
    plant(exiftool, path)
    before = read(exiftool, path)
    planted = [name for name in before if SENTINEL in str(before[name])]
    assert len(planted) > (60 if image_format == "GIF" else 80)
    assert before["XMP-exif:DateTimeOriginal"] == MOMENT

    copy = clean(path, image_format)

    after = read(exiftool, copy)
    assert list(sentinels(copy.read_bytes())) == []
    assert {name: value for name, value in after.items() if TELLING.search(name)} == {}
    assert {name for name in after if "Warning" in name or "Error" in name} == set()
    for name in (*KEPT, ORIENTATION, "Apple:HDRHeadroom"):
        assert after.get(name) == before.get(name), name
    with Image.open(path) as original, Image.open(copy) as cleaned:
        assert np.array_equal(np.asarray(original), np.asarray(cleaned))
        assert cleaned.info.get("icc_profile") == original.info.get("icc_profile")
        assert image_format == "GIF" or cleaned.info["icc_profile"]


@pytest.mark.parametrize("is_thumbnail_first", [True, False])
def test_nothing_that_identifies_is_left_in_a_dng(
    tmp_path: Path, exiftool: Callable[..., str], is_thumbnail_first: bool
) -> None:
    path = tmp_path / "photo.dng"
    inner = preview(exif=samples.exif())
    path.write_bytes(
        draw_dng(orientation=6, is_thumbnail_first=is_thumbnail_first, is_secret=True, jpeg=inner)
    )
    plant(exiftool, path)
    before = read(exiftool, path)
    assert len([name for name in before if SENTINEL in str(before[name])]) > 80
    assert all(secret in path.read_bytes() for secret in samples.SECRETS)

    copy = clean(path, "DNG")

    after = read(exiftool, copy)
    assert [*sentinels(copy.read_bytes())] == []
    assert not any(secret in copy.read_bytes() for secret in samples.SECRETS)
    assert {name: value for name, value in after.items() if TELLING.search(name)} == {}
    assert {name for name in after if "Warning" in name or "Error" in name} == set()
    for name in (*KEPT, ORIENTATION):
        assert after.get(name) == before.get(name), name
    assert copy.stat().st_size <= path.stat().st_size  # nothing is moved; only a tail is cut
    assert developed(copy) == developed(path)


def developed(path: Path) -> tuple[object, ...]:
    """Develop a RAW file as other programs do."""
    with rawpy.imread(str(path)) as raw:
        facts = raw.sizes, raw.camera_whitebalance, str(raw.raw_pattern), raw.color_desc
        shown = Image.open(io.BytesIO(bytes(raw.extract_thumb().data))).tobytes()
        return *facts, raw.raw_image.tobytes(), raw.postprocess().tobytes(), shown
