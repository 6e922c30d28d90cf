"""JPEG: colour spaces, sampling, coding, orientation, and what surrounds the pixels."""

import struct

import imagecodecs
import numpy as np
from PIL import Image
from scene import Case, exif, grey, saved, scene, smooth
from odd_jpegs import FILES

DAMAGED = "the JPEG is damaged, truncated or of an unsupported kind "
ADOBE = b"\xff\xee\0\x0eAdobe\0\x64\0\0\0\0"


def lossy(feature, data, **options):
    return Case("JPEG", feature, data, exact=False, **options)


def rgb(quality=85, **options):
    return saved(Image.fromarray(scene()), "JPEG", quality=quality, **options)


def without(data, marker):
    """The file without the segments of this marker."""
    out, place = data[:2], 2
    while data[place + 1] != 0xDA:
        length = 2 + struct.unpack(">H", data[place + 2 : place + 4])[0]
        if data[place + 1] != marker:
            out += data[place : place + length]
        place += length
    return out + data[place:]


def inserted(data, segment):
    return data[:2] + segment + data[2:]


def with_ids(data, ids):
    """The file with other numbers for its components."""
    out = bytearray(data)
    frame = next(i for i in range(2, len(data)) if data[i] == 0xFF and data[i + 1] in (0xC0, 0xC1, 0xC2))
    old = [data[frame + 10 + 3 * i] for i in range(len(ids))]
    for i, new in enumerate(ids):
        out[frame + 10 + 3 * i] = new
    place = 0
    while (place := data.find(b"\xff\xda", place)) >= 0:
        for i in range(data[place + 4]):
            out[place + 5 + 2 * i] = ids[old.index(data[place + 5 + 2 * i])]
        place += 2
    return bytes(out)


def with_exif(data, orientation, order="<"):
    body = b"Exif\0\0" + exif(orientation, order)
    return inserted(data, b"\xff\xe1" + struct.pack(">H", len(body) + 2) + body)


def cmyk(size=None):
    values = np.asarray(Image.fromarray(scene()).convert("CMYK")).copy()
    # Some black of its own, and less of the colours.
    values[..., 3] = np.clip(grey() // 3, 0, 255)
    return values


def cases():
    yield from colours()
    yield from coding()
    yield from four_components()
    yield from surroundings()
    yield from refused()


def colours():
    yield lossy("grey", saved(Image.fromarray(grey()), "JPEG", quality=85))
    for sampling in ("4:4:4", "4:2:2", "4:2:0", "4:4:0", "4:1:1"):
        for kind in ("", ", progressive"):
            code = {"4:4:4": "444", "4:2:2": "422", "4:2:0": "420", "4:4:0": "440", "4:1:1": "411"}[sampling]
            if kind:
                if code in ("440", "411"):
                    continue
                data = rgb(subsampling=sampling, progressive=True)
            else:
                data = imagecodecs.jpeg8_encode(scene(), level=85, subsampling=code)
            yield lossy(f"YCbCr {sampling}{kind}", data)
    kept = rgb(keep_rgb=True)
    yield lossy("RGB by component ids", kept)
    plain = without(kept, 0xEE)
    yield lossy("RGB by an Adobe marker", inserted(with_ids(plain, [1, 2, 3]), ADOBE + b"\0"))
    yield lossy("RGB by an Adobe marker and component ids", inserted(plain, ADOBE + b"\0"))
    yield lossy("RGB by component ids, progressive", rgb(keep_rgb=True, progressive=True))
    yield lossy("YCbCr by an Adobe marker", inserted(without(rgb(), 0xE0), ADOBE + b"\1"))
    yield lossy("YCbCr without any marker", without(rgb(), 0xE0))
    yield lossy("YCbCr with component ids 0, 1, 2", with_ids(without(rgb(), 0xE0), [0, 1, 2]))
    yield lossy("YCbCr with JFIF and component ids R, G, B", with_ids(rgb(), [82, 71, 66]))
    yield lossy("YCbCr with an unknown Adobe transform", inserted(without(rgb(), 0xE0), ADOBE + b"\7"))


def coding():
    for quality in (5, 30, 60, 95, 100):
        yield lossy(f"quality {quality}", rgb(quality))
    yield lossy("its own Huffman tables", rgb(optimize=True))
    yield lossy("restart markers per row", rgb(restart_marker_rows=1))
    yield lossy("restart markers per block", rgb(restart_marker_blocks=1))
    yield lossy("restart markers, progressive", rgb(progressive=True, restart_marker_rows=1))
    yield lossy("one scan per component", FILES["one scan per component"])
    yield lossy("16-bit quantization tables", wide_tables())
    for width, height in ((1, 1), (7, 5), (8, 8), (17, 9), (33, 16), (16, 1)):
        data = saved(Image.fromarray(smooth(width, height)), "JPEG", quality=90)
        yield lossy(f"{width} x {height}", data)
        yield lossy(f"{width} x {height}, grey", saved(Image.fromarray(smooth(width, height)[..., 0]), "JPEG"))


def wide_tables():
    """The tables of quality 60, written with 16 bits per entry."""
    data = rgb(60)
    out, place = data[:2], 2
    while data[place + 1] != 0xDA:
        length = 2 + struct.unpack(">H", data[place + 2 : place + 4])[0]
        segment = data[place : place + length]
        if data[place + 1] == 0xDB:
            body, wide = segment[4:], b""
            while body:
                wide += bytes([0x10 | body[0]]) + b"".join(struct.pack(">H", value) for value in body[1:65])
                body = body[65:]
            segment = b"\xff\xdb" + struct.pack(">H", len(wide) + 2) + wide
        # Such tables are not baseline.
        out += segment.replace(b"\xff\xc0", b"\xff\xc1", 1) if data[place + 1] == 0xC0 else segment
        place += length
    return out + data[place:]


def four_components():
    for quality in (60, 90):
        for kind in ("", ", progressive"):
            data = saved(Image.fromarray(cmyk(), "CMYK"), "JPEG", quality=quality, progressive=bool(kind))
            yield lossy(f"CMYK, Adobe marker, quality {quality}{kind}", data)
            yield lossy(f"CMYK without a marker, quality {quality}{kind}", without(data, 0xEE))
    plain = without(saved(Image.fromarray(cmyk(), "CMYK"), "JPEG", quality=85), 0xEE)
    yield lossy("CMYK by component ids", with_ids(plain, [67, 77, 89, 75]))
    for transform in (0, 1, 3, 7):
        yield lossy(f"CMYK with the Adobe transform {transform}", inserted(plain, ADOBE + bytes([transform])))
    yield lossy("CMYK, restart markers", saved(Image.fromarray(cmyk(), "CMYK"), "JPEG", restart_marker_blocks=2))
    yield lossy("CMYK, one scan per component", FILES["CMYK, one scan per component"])
    inverted = 255 - cmyk()
    for code, sampling in (("444", "4:4:4"), ("422", "4:2:2"), ("420", "4:2:0"), ("440", "4:4:0"), ("411", "4:1:1")):
        data = imagecodecs.jpeg8_encode(inverted, level=85, colorspace="CMYK", outcolorspace="YCCK", subsampling=code)
        yield lossy(f"YCCK {sampling}", data)
    data = imagecodecs.jpeg8_encode(inverted, level=85, colorspace="CMYK", outcolorspace="CMYK", subsampling="420")
    yield lossy("CMYK with larger blocks", data)
    for orientation in (3, 6, 8):
        whole = saved(Image.fromarray(cmyk(), "CMYK"), "JPEG", quality=85)
        yield lossy(f"CMYK, orientation {orientation}", with_exif(whole, orientation))
    for width, height in ((1, 1), (9, 17)):
        values = np.asarray(Image.fromarray(smooth(width, height)).convert("CMYK"))
        data = imagecodecs.jpeg8_encode(255 - values, level=85, colorspace="CMYK", outcolorspace="YCCK", subsampling="420")
        yield lossy(f"YCCK 4:2:0, {width} x {height}", data)


def surroundings():
    for orientation in range(1, 9):
        for order in "<>":
            name = f"orientation {orientation}, {'little' if order == '<' else 'big'}-endian"
            yield lossy(name, with_exif(rgb(), orientation, order))
    yield lossy("orientation out of range", with_exif(rgb(), 9))
    yield lossy("a comment", inserted(rgb(), b"\xff\xfe\0\x07hello"))
    yield lossy("a colour profile", rgb(icc_profile=bytes(3000)))
    yield lossy("fill bytes before markers", rgb().replace(b"\xff\xdb", b"\xff\xff\xff\xff\xdb"))
    yield lossy("100 bytes after its end", rgb() + bytes(range(100)))
    yield lossy("another JPEG after its end", rgb() + saved(Image.fromarray(smooth()), "JPEG"))
    parts = [Image.fromarray(values) for values in (scene(), smooth())]
    yield lossy("MPO with two pictures", saved(parts[0], "MPO", save_all=True, append_images=parts[1:]))
    thumbnail = b"\xff\xe1" + struct.pack(">H", 8 + len(rgb(20))) + b"Exif\0\0" + rgb(20)
    yield lossy("a thumbnail in its metadata", inserted(rgb(), thumbnail))
    yield lossy("metadata longer than declared", inserted(rgb(), bytes([0xFF, 0xE1, 0, 4, 1, 2, 0, 0xE1, 0, 2])))


def refused():
    line = "it is a JPEG with arithmetic coding, which is not supported: save it as an ordinary JPEG or PNG"
    for name in ("arithmetic", "arithmetic, progressive", "CMYK, arithmetic"):
        yield lossy(name, FILES[name], skip=line)
    values = scene().astype(np.uint16) << 4
    twelve = imagecodecs.jpeg8_encode(values, level=85, bitspersample=12)
    line = "it is a JPEG with 12 bits per channel, which is not supported: save it with 8 bits per channel"
    yield lossy("12 bits per channel", twelve, skip=line)
    line = "it is a lossless JPEG, which is not supported: save it as an ordinary JPEG or PNG"
    yield lossy("lossless", imagecodecs.jpeg8_encode(scene(), lossless=True), skip=line)
    yield lossy("JPEG-LS", imagecodecs.jpegls_encode(scene()), skip="it is a JPEG-LS picture, which is not supported: save it as PNG")
    two = bytearray(rgb())
    frame = two.index(b"\xff\xc0")
    two[frame + 9] = 2
    line = "it is a JPEG with 2 components, which is not supported: save it as an RGB or grey JPEG"
    yield lossy("2 components", bytes(two), skip=line)
    yield lossy("cut off in its pixels", rgb()[:-60], skip=DAMAGED + "(Premature end of JPEG file)")
    four = saved(Image.fromarray(cmyk(), "CMYK"), "JPEG", quality=85)
    yield lossy("CMYK cut off in its pixels", four[:-60], skip=DAMAGED + "(the file ends before its pixels do)")
    huge = bytearray(rgb())
    huge[frame + 5 : frame + 9] = struct.pack(">HH", 60_000, 60_000)
    line = DAMAGED + "(it declares 60000 x 60000 pixels, but at most 100 million are supported)"
    yield lossy("60,000 x 60,000 pixels", bytes(huge), skip=line)
