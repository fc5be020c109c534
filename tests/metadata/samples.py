"""Photos that reveal in every way where, and with which camera, they were taken."""

from __future__ import annotations

import io
import struct
import zlib

import pillow_heif
from PIL import ExifTags, Image

pillow_heif.register_heif_opener()

SERIAL = "SN-0815-4711"
CITY = "Winterthur-Nord"
OWNER = "Lea Example"
CAPTION = "The cake"
# What no clean photo may contain, in any part of the file.
SECRETS = (SERIAL.encode(), CITY.encode(), OWNER.encode(), b"47.4988N")
MOMENT = "2024:05:06 07:08:09"
FORMATS = ("JPEG", "PNG", "WEBP", "TIFF", "HEIF", "AVIF", "GIF")
XMP = f"""<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>
<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
<rdf:Description rdf:about="" xmlns:exif="http://ns.adobe.com/exif/1.0/"
 xmlns:xmp="http://ns.adobe.com/xap/1.0/" xmlns:aux="http://ns.adobe.com/exif/1.0/aux/"
 xmlns:photoshop="http://ns.adobe.com/photoshop/1.0/"
 xmlns:I="http://iptc.org/std/Iptc4xmpExt/2008-02-29/"
 xmp:Rating="5" exif:GPSLatitude="47.4988N" aux:SerialNumber='{SERIAL}' photoshop:City="{CITY}">
<exif:GPSLongitude>47.4988N</exif:GPSLongitude>
<I:LocationCreated><rdf:Bag><rdf:li><rdf:Description I:City="{CITY}"/></rdf:li></rdf:Bag>
</I:LocationCreated><aux:LensSerialNumber/><xmp:Label>kept &amp; sound</xmp:Label>
</rdf:Description></rdf:RDF></x:xmpmeta>
<?xpacket end="w"?>""".encode()


def exif() -> bytes:
    """Make an Exif block with a location, serial numbers and a maker note."""
    block = Image.Exif()
    block[ExifTags.Base.Orientation] = 6
    block[ExifTags.Base.DateTime] = MOMENT
    block[ExifTags.Base.Artist] = OWNER
    block[ExifTags.Base.HostComputer] = SERIAL
    block[ExifTags.Base.ImageDescription] = CAPTION
    block.get_ifd(ExifTags.IFD.GPSInfo).update(
        {
            ExifTags.GPS.GPSLatitude: (47.0, 29.0, 55.7),
            ExifTags.GPS.GPSMapDatum: "47.4988N",
            ExifTags.GPS.GPSAreaInformation: CITY.encode(),
        }
    )
    block.get_ifd(ExifTags.IFD.Exif).update(
        {
            ExifTags.Base.DateTimeOriginal: MOMENT,
            ExifTags.Base.BodySerialNumber: SERIAL,
            ExifTags.Base.LensSerialNumber: SERIAL,
            ExifTags.Base.CameraOwnerName: SERIAL,
            ExifTags.Base.MakerNote: b"Maker\0" + SERIAL.encode(),
            0xC0DE: SERIAL,  # an unknown tag
        }
    )
    return block.tobytes()


def iptc() -> bytes:
    """Make Photoshop's resource block with a city and a caption in it."""
    record = b"".join(
        struct.pack(">BBBH", 0x1C, 2, number, len(value)) + value
        for number, value in ((90, CITY.encode()), (120, b"A caption"), (101, CITY.encode()))
    )
    blocks = b"8BIM\x04\x04\0\0" + struct.pack(">I", len(record)) + record
    blocks += bytes(len(record) % 2)
    return blocks + b"8BIM\x04\x24\0\0" + struct.pack(">I", len(XMP)) + XMP + bytes(len(XMP) % 2)


def picture(seed: int = 0) -> Image.Image:
    """Draw something different for every seed."""
    image = Image.linear_gradient("L").resize((48, 32)).convert("RGB")
    image.putpixel((5, 5), (seed % 256, 7, 9))
    return image


def sample(image_format: str) -> bytes:
    """Make a photo of a format with everything that the format can contain."""
    buffer = io.BytesIO()
    if image_format == "GIF":
        picture().save(buffer, "GIF")
        return with_gif_xmp(buffer.getvalue())
    picture().save(buffer, image_format, exif=exif(), xmp=XMP)
    content = buffer.getvalue()
    return {"JPEG": with_jpeg_extras, "PNG": with_png_texts}.get(image_format, bytes)(content)


def segment(marker: int, payload: bytes) -> bytes:
    """Make one segment of a JPEG."""
    return struct.pack(">BBH", 0xFF, marker, len(payload) + 2) + payload


def with_jpeg_extras(content: bytes) -> bytes:
    """Add IPTC, a long XMP, unknown segments, a second picture and a movie after the first."""
    extension = b"http://ns.adobe.com/xmp/extension/\0" + b"0" * 40 + XMP
    extras = segment(0xED, b"Photoshop 3.0\0" + iptc()) + segment(0xE1, extension)
    extras += segment(0xEB, b"JP\0\x01" + CITY.encode()) + segment(0xE5, SERIAL.encode())
    extras += segment(0xE0, b"II\x1a\0\0\0HEAPJPGM" + OWNER.encode())  # CIFF, of old Canons
    extras += segment(0xEC, b"Ducky\0\x03" + OWNER.encode()) + segment(0xFE, OWNER.encode())
    movie = b"\0\0\0\x14ftypmp42" + CITY.encode() + SERIAL.encode()
    return content[:2] + extras + content[2:] + content + movie


def png_chunk(kind: bytes, content: bytes) -> bytes:
    """Make one chunk of a PNG."""
    checksum = zlib.crc32(kind + content)
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", checksum)


def with_png_texts(content: bytes) -> bytes:
    """Add the texts in which ImageMagick and others put Exif, and a harmless one."""
    texts = png_chunk(b"tEXt", b"exif:GPSLatitude\x0047.4988N")
    texts += png_chunk(b"tEXt", b"Raw profile type exif\0" + SERIAL.encode())
    texts += png_chunk(b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + XMP)
    texts += png_chunk(b"iTXt", b"XML:com.adobe.xmp\0\x01\0\0\0" + zlib.compress(XMP))
    texts += png_chunk(b"tEXt", b"Author\0" + OWNER.encode())
    texts += png_chunk(b"tEXt", b"Title\0kept") + png_chunk(b"caBX", CITY.encode())
    return content[:33] + texts + content[33:] + CITY.encode()


def with_gif_xmp(content: bytes) -> bytes:
    """Add XMP and an unknown application's block."""
    trailer = b"\x01" + bytes(range(255, -1, -1)) + b"\0"
    blocks = b"\x21\xff\x0bXMP DataXMP" + XMP + trailer
    blocks += b"\x21\xff\x0bSOMEAPP 1.0" + bytes([len(SERIAL)]) + SERIAL.encode() + b"\0"
    return content[:-1] + blocks + b"\x3b" + CITY.encode()
