"""The orientation in EXIF and XMP, in every place that a format has for them, also missing, repeated and damaged."""

import struct
import zlib

from PIL import Image
from jpeg import inserted, rgb
from png import chunk, png
from scene import Case, exif, saved, scene
from tiff import LONG, SHORT, tags, tiff

EXIF = b"Exif\0\0"
XMP = b"http://ns.adobe.com/xap/1.0/\0"
KEYWORD = b"XML:com.adobe.xmp"


def cases():
    yield from jpegs()
    yield from scans()
    yield from pngs()
    yield from webps()
    yield from avifs()
    yield from tiffs()


def packet(orientation, element=False):
    inside = f"<tiff:Orientation>{orientation}</tiff:Orientation>" if element else ""
    attribute = "" if element else f' tiff:Orientation="{orientation}"'
    return (
        '<?xpacket begin="" id="W5M0MpCehiHzreSzNTczkc9d"?><x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF>'
        f'<rdf:Description xmlns:tiff="http://ns.adobe.com/tiff/1.0/"{attribute}>{inside}</rdf:Description>'
        "</rdf:RDF></x:xmpmeta>"
    ).encode()


def untagged():
    """An EXIF block without an orientation."""
    return exif(6).replace(struct.pack("<HH", 274, 3), struct.pack("<HH", 296, 3))


def app1(content):
    return b"\xff\xe1" + struct.pack(">H", len(content) + 2) + content


def after_frame(data, segment):
    """The file with a segment between its frame and its first scan."""
    place = data.index(b"\xff\xda")
    return data[:place] + segment + data[place:]


def jpegs():
    def case(feature, *contents):
        return Case("JPEG", feature, inserted(rgb(), b"".join(app1(content) for content in contents)), exact=False)

    six = EXIF + exif(6)
    for orientation in (3, 6, 8):
        yield case(f"orientation {orientation} in XMP", XMP + packet(orientation))
    yield case("orientation 6 in an element of XMP", XMP + packet(6, element=True))
    yield case("orientation out of range in XMP", XMP + packet(9))
    yield case("orientation 1 in EXIF, 6 in XMP", EXIF + exif(1), XMP + packet(6))
    yield case("orientation 6 in EXIF, 1 in XMP", XMP + packet(1), six)
    yield case("EXIF without orientation, 6 in XMP", EXIF + untagged(), XMP + packet(6))
    yield case("an empty EXIF block, 6 in XMP", EXIF, XMP + packet(6))
    yield case("a damaged EXIF block, 6 in XMP", EXIF + b"damaged, damaged", XMP + packet(6))
    yield case("two XMP packets, 6 and 1", XMP + packet(6), XMP + packet(1))
    yield case("two XMP packets, 1 and 6", XMP + packet(1), XMP + packet(6))
    yield case("two EXIF blocks, 6 and 1", six, EXIF + exif(1))
    yield case("two EXIF blocks, 1 and 6", EXIF + exif(1), six)
    yield case("two EXIF blocks, the first without orientation", EXIF + untagged(), six)
    yield case("two EXIF blocks, the first damaged", EXIF + b"damaged, damaged", six)
    yield case("an EXIF block in two segments", six[:20], EXIF + six[20:])
    yield case("an EXIF block with two marks", EXIF + six)
    for kind, name in ((1, "BYTE"), (4, "LONG"), (8, "SSHORT"), (9, "SLONG")):
        yield case(f"orientation 6 as {name}", EXIF + six[6:].replace(struct.pack("<HH", 274, 3), struct.pack("<HH", 274, kind)))
    yield Case("JPEG", "EXIF after the frame", after_frame(rgb(), app1(six)), exact=False)
    yield Case("JPEG", "XMP after the frame", after_frame(rgb(), app1(XMP + packet(8))), exact=False)
    yield Case("JPEG", "EXIF before and after the frame", after_frame(inserted(rgb(), app1(six)), app1(EXIF + exif(3))), exact=False)
    yield Case("JPEG", "bytes between the frame and the scan", after_frame(rgb(), b"\0\0\0\0"), exact=False)


def scans():
    """The last scan again and again: each takes as long as the first."""
    data = rgb(progressive=True)
    place = data.rindex(b"\xff\xda")
    scan = data[place:-2]
    line = "the JPEG is damaged, truncated or of an unsupported kind (it has more than 500 scans)"
    yield Case("JPEG", "progressive, 600 scans", data[:-2] + scan * 600 + data[-2:], skip=line)


def pngs():
    def case(feature, before=b"", after=b""):
        return Case("PNG", feature, png(scene(), 8, 2, before=before, after=after))

    text = chunk(b"iTXt", KEYWORD + b"\0\0\0\0\0" + packet(6))
    yield case("orientation 6 in XMP", text)
    yield case("orientation 6 in XMP, after the pixels", after=text)
    packed = chunk(b"iTXt", KEYWORD + b"\0\1\0en\0XMP\0" + zlib.compress(packet(8)))
    yield case("orientation 8 in compressed XMP", packed)
    yield case("orientation 6 in XMP, as Latin-1", chunk(b"tEXt", KEYWORD + b"\0" + packet(6)))
    yield case("orientation 6 in XMP, as compressed Latin-1", chunk(b"zTXt", KEYWORD + b"\0\0" + zlib.compress(packet(6))))
    yield case("orientation 1 in EXIF, 6 in XMP", text + chunk(b"eXIf", exif(1)))
    yield case("EXIF without orientation, 6 in XMP", text + chunk(b"eXIf", untagged()))
    yield case("two EXIF chunks, 6 and 3", chunk(b"eXIf", exif(6)), chunk(b"eXIf", exif(3)))


def webps():
    image = Image.fromarray(scene())

    def case(feature, **options):
        return Case("WebP", feature, saved(image, "WEBP", lossless=True, **options))

    yield case("orientation 6 in XMP", xmp=packet(6))
    yield case("orientation 8 in XMP, after a colour profile", xmp=packet(8), icc_profile=bytes(500))
    yield case("orientation 1 in EXIF, 6 in XMP", exif=EXIF + exif(1), xmp=packet(6))
    yield case("EXIF without orientation, 6 in XMP", exif=EXIF + untagged(), xmp=packet(6))


def avifs():
    image = Image.fromarray(scene())

    def case(feature, tagged=False, **options):
        data = saved(image, "AVIF", quality=85, subsampling="4:4:4", **options)
        # Pillow writes the orientation as the file's own property instead.
        data = data.replace(struct.pack("<HH", 296, 3), struct.pack("<HH", 274, 3)) if tagged else data
        return Case("AVIF", feature, data, exact=False)

    for orientation in (3, 6, 8):
        yield case(f"orientation {orientation} in XMP", xmp=packet(orientation))
    yield case("orientation 6 in an element of XMP", xmp=packet(6, element=True))
    yield case("orientation out of range in XMP", xmp=packet(9))
    yield case("orientation 8 in XMP, after a colour profile", xmp=packet(8), icc_profile=bytes(500))
    yield case("orientation 6 of its own, 8 in XMP", exif=EXIF + exif(6), xmp=packet(8))
    yield case("orientation 6 of its own, 1 in XMP", exif=EXIF + exif(6), xmp=packet(1))
    yield case("EXIF without orientation, 6 in XMP", exif=EXIF + untagged(), xmp=packet(6))
    yield case("orientation 6 in EXIF alone", tagged=True, exif=EXIF + untagged())
    yield case("orientation 6 in EXIF, 8 in XMP", tagged=True, exif=EXIF + untagged(), xmp=packet(8))


def tiffs():
    def case(feature, **more):
        return Case("TIFF", feature, tiff(tags(26, 19, 8, 2, 3, **more), [scene().tobytes()]))

    for kind, name in ((1, "bytes"), (7, "undefined bytes")):
        yield case(f"orientation 6 in XMP, {name}", t700=(kind, list(packet(6))))
    yield case("orientation 1, and 6 in XMP", t274=(SHORT, [1]), t700=(1, list(packet(6))))
    yield case("orientation 6, and 1 in XMP", t274=(SHORT, [6]), t700=(1, list(packet(1))))
    yield case("orientation 6 as LONG", t274=(LONG, [6]))
    yield case("orientation 6 as BYTE", t274=(1, [6]))
