"""TIFF: photometric interpretations, compressions, layouts, depths, byte orders and orientations."""

import io
import struct

import imagecodecs
import numpy as np
import tifffile
from PIL import Image, TiffImagePlugin
from scene import Case, alpha, deep, exif, grey, paletted, saved, scene, smooth

DAMAGED = "the TIFF is damaged, truncated or of an unsupported kind "
SHORT, LONG, RATIONAL, LONG8 = 3, 4, 5, 16


def tiff(tags, pieces, order="<", big=False, after=b""):
    """A TIFF of one directory. `tags`: number to (type, values); `pieces`: strips (or tiles, if tag 322 is there)."""
    head = 16 if big else 8
    tags = dict(tags)
    tiled = 322 in tags
    place, offsets = head, []
    for piece in pieces:
        offsets.append(place)
        place += len(piece)
    tags[324 if tiled else 273] = (LONG, offsets)
    tags[325 if tiled else 279] = (LONG, [len(piece) for piece in pieces])
    body = b"".join(pieces)
    if place % 2:
        body += b"\0"
        place += 1
    size, entry, slot = (8, 20, 8) if big else (2, 12, 4)
    extra_place = place + size + entry * len(tags) + (8 if big else 4)
    directory, extra = b"", b""
    for number in sorted(tags):
        kind, values = tags[number]
        code = {1: "B", SHORT: "H", LONG: "I", LONG8: "Q", 7: "B"}[kind]
        data = struct.pack(order + code * len(values), *values)
        directory += struct.pack(order + "HH" + ("Q" if big else "I"), number, kind, len(values))
        if len(data) <= slot:
            directory += data.ljust(slot, b"\0")
        else:
            directory += struct.pack(order + ("Q" if big else "I"), extra_place + len(extra))
            extra += data + b"\0" * (len(data) % 2)
    mark = b"II" if order == "<" else b"MM"
    if big:
        start = mark + struct.pack(order + "HHHQ", 43, 8, 0, place)
        directory = struct.pack(order + "Q", len(tags)) + directory + bytes(8)
    else:
        start = mark + struct.pack(order + "HI", 42, place)
        directory = struct.pack(order + "H", len(tags)) + directory + bytes(4)
    return start + body + directory + extra + after


def tags(width, height, bits, photometric, samples=1, compression=1, **more):
    entries = {
        256: (LONG, [width]),
        257: (LONG, [height]),
        258: (SHORT, [bits] * samples),
        259: (SHORT, [compression]),
        262: (SHORT, [photometric]),
        277: (SHORT, [samples]),
        278: (LONG, [more.pop("rows", height)]),
    }
    for name, value in more.items():
        entries[int(name[1:])] = value
    return entries


def bits_of(values, depth):
    rows = []
    for row in values:
        bits = np.unpackbits(row.reshape(-1).astype(np.uint8)[:, None], axis=1)[:, 8 - depth :].reshape(-1)
        rows.append(np.packbits(bits).tobytes())
    return b"".join(rows)


def by_tifffile(values, **options):
    file = io.BytesIO()
    tifffile.imwrite(file, values, metadata=None, **options)
    return file.getvalue()


def exact(feature, data, pixels=None, **options):
    return Case("TIFF", feature, data, pixels, **options)


def three(values):
    return np.repeat(values[..., None], 3, -1)


def cases():
    yield from depths()
    yield from compressions()
    yield from layouts()
    yield from orientations()
    yield from numbers()
    yield from colours()
    yield from surroundings()
    yield from refused()


def depths():
    for depth in (1, 2, 4, 8):
        values = grey() >> (8 - depth)
        scaled = (values.astype(int) * 255 // (2**depth - 1)).astype(np.uint8)
        data = bits_of(values, depth)
        yield exact(f"grey, {depth} bits", tiff(tags(26, 19, depth, 1), [data]), three(scaled))
        yield exact(f"grey, {depth} bits, white is 0", tiff(tags(26, 19, depth, 0), [data]), three(255 - scaled))
        flipped = bytes(int(f"{byte:08b}"[::-1], 2) for byte in data)
        file = tiff(tags(26, 19, depth, 1, t266=(SHORT, [2])), [flipped])
        if depth in (1, 8):
            yield exact(f"grey, {depth} bits, lowest bit first", file, three(scaled))
    for order in "<>":
        name = "little" if order == "<" else "big"
        wide = deep(grey())
        data = wide.astype(order + "u2").tobytes()
        yield exact(f"grey, 16 bits, {name}-endian", tiff(tags(26, 19, 16, 1), [data], order), three(grey()))
        yield exact(f"grey, 16 bits, white is 0, {name}-endian", tiff(tags(26, 19, 16, 0), [data], order), three((65535 - wide >> 8).astype(np.uint8)))
        data = deep(scene()).astype(order + "u2").tobytes()
        yield exact(f"RGB, 16 bits, {name}-endian", tiff(tags(26, 19, 16, 2, 3), [data], order), scene())
        rgba = deep(np.dstack([scene(), alpha()])).astype(order + "u2").tobytes()
        entries = tags(26, 19, 16, 2, 4, t338=(SHORT, [2]))
        yield exact(f"RGBA, 16 bits, {name}-endian", tiff(entries, [rgba], order), scene())
    yield exact("RGB, 8 bits", tiff(tags(26, 19, 8, 2, 3), [scene().tobytes()]))
    yield exact("RGB, 8 bits, big-endian", tiff(tags(26, 19, 8, 2, 3), [scene().tobytes()], ">"))
    rgba = np.dstack([scene(), alpha()])
    for kind, name in ((2, "unassociated alpha"), (0, "an unspecified channel")):
        yield exact(f"RGB with {name}", tiff(tags(26, 19, 8, 2, 4, t338=(SHORT, [kind])), [rgba.tobytes()]), scene())
    premultiplied = rgba.copy()
    premultiplied[..., :3] = (rgba[..., :3].astype(int) * rgba[..., 3:] // 255).astype(np.uint8)
    yield exact("RGB with associated alpha", tiff(tags(26, 19, 8, 2, 4, t338=(SHORT, [1])), [premultiplied.tobytes()]))
    five = np.dstack([scene(), alpha(), alpha()])
    yield exact("RGB with two further channels", tiff(tags(26, 19, 8, 2, 5, t338=(SHORT, [0, 0])), [five.tobytes()]), scene())
    pair = np.dstack([grey(), alpha()])
    yield exact("grey with alpha", tiff(tags(26, 19, 8, 1, 2, t338=(SHORT, [2])), [pair.tobytes()]), three(grey()))
    for depth in (1, 2, 4, 8):
        image = paletted(2**depth)
        colours = np.array(image.getpalette()[: 3 * 2**depth]).reshape(-1, 3)
        colours = np.vstack([colours, np.zeros((2**depth - len(colours), 3), int)])
        table = (colours.T.reshape(-1) * 257).tolist()
        entries = tags(26, 19, depth, 3, t320=(SHORT, table))
        yield exact(f"palette, {depth} bits", tiff(entries, [bits_of(np.asarray(image), depth)]))


def compressions():
    named = {
        "none": None,
        "PackBits": "packbits",
        "LZW": "lzw",
        "Deflate": "adobe_deflate",
        "old Deflate": "deflate",
    }
    for name, code in named.items():
        values = {"grey": grey(), "RGB": scene(), "16-bit RGB": deep(scene()), "16-bit grey": deep(grey())}
        for kind, array in values.items():
            pixels = scene() if array.ndim == 3 else three(grey())
            for predictor in (False, True) if code in ("lzw", "adobe_deflate") else (False,):
                feature = f"{name}, {kind}{', predictor' if predictor else ''}"
                data = by_tifffile(array, compression=code, predictor=predictor or None, rowsperstrip=7, photometric="rgb" if array.ndim == 3 else "minisblack")
                yield exact(feature, data, pixels)
    yield exact("LZW by libtiff", saved(Image.fromarray(scene()), "TIFF", compression="tiff_lzw"))
    noise = np.random.default_rng(3).integers(0, 256, (70, 90), np.uint8)
    yield exact("LZW, a full table of codes", saved(Image.fromarray(noise), "TIFF", compression="tiff_lzw"))
    bilevel = Image.fromarray(grey()).convert("1")
    for code in ("group3", "group4", "tiff_ccitt", "packbits", "tiff_lzw", "tiff_adobe_deflate"):
        yield exact(f"1 bit, {code.replace('tiff_', '')}", saved(bilevel, "TIFF", compression=code))
    for code, name in (("group3", "group 3"), ("group4", "group 4")):
        page = Image.fromarray((np.add.outer(np.arange(60), np.arange(90)) % 17 > 8).astype(np.uint8) * 255).convert("1")
        yield exact(f"1 bit, {name}, stripes", saved(page, "TIFF", compression=code))
        yield exact(f"1 bit, {name}, long runs", saved(long_runs(), "TIFF", compression=code))
    yield exact("1 bit, ccitt, long runs", saved(long_runs(), "TIFF", compression="tiff_ccitt"))
    for options in (1, 4, 5):
        data = saved(bilevel, "TIFF", compression="group3", tiffinfo={292: options})
        yield exact(f"1 bit, group 3, options {options}", data)
    data = saved(long_runs(), "TIFF", compression="group3", tiffinfo={292: 1})
    yield exact("1 bit, group 3, two dimensions, long runs", data)
    zstd = by_tifffile(scene(), compression="zstd", photometric="rgb")
    yield exact("Zstandard", zstd, scene(), extra={"zstd": True})
    lzma = by_tifffile(scene(), compression="lzma", photometric="rgb")
    line = "it is a TIFF with LZMA compression, which is not supported: save it with LZW or Deflate"
    yield exact("LZMA", lzma, skip=line)
    for quality in (50, 90):
        for kind, image in (("grey", Image.fromarray(grey())), ("RGB", Image.fromarray(scene()))):
            data = saved(image, "TIFF", compression="jpeg", quality=quality)
            yield exact(f"JPEG, {kind}, quality {quality}", data, exact=False)
    for sub in ((1, 1), (2, 2)):
        data = by_tifffile(scene(32, 48), compression="jpeg", compressionargs={"level": 90}, photometric="ycbcr", subsampling=sub, rowsperstrip=16)
        yield exact(f"JPEG, YCbCr {sub[0]} x {sub[1]}, strips", data, exact=False)
    data = by_tifffile(scene(48, 48), compression="jpeg", photometric="rgb", tile=(16, 16), compressionargs={"level": 90})
    yield exact("JPEG, RGB, tiles", data, exact=False)
    data = by_tifffile(scene(), compression="webp", compressionargs={"lossless": True}, photometric="rgb")
    yield exact("WebP without loss", data, scene())


def long_runs():
    """Black and white runs of all lengths up to 64, and of many up to 2,700 pixels."""
    values = np.ones((76, 2720), np.uint8) * 255
    for row in range(64):
        values[row, 3 + row : 3 + 2 * row] = 0
        values[row, 300 + 37 * row : 301 + 37 * row] = 0
    for row in range(64, 76):
        values[row, : 230 * (row - 63) - 9] = 0
    return Image.fromarray(values).convert("1")


def layouts():
    planes = scene().transpose(2, 0, 1).copy()
    for name, code in (("", None), (", LZW", "lzw"), (", Deflate", "adobe_deflate")):
        for rows in (None, 5):
            data = by_tifffile(planes, photometric="rgb", planarconfig="separate", compression=code, rowsperstrip=rows)
            yield exact(f"planes{name}, {'one strip' if rows is None else 'strips'}", data, scene())
        data = by_tifffile(planes, photometric="rgb", planarconfig="separate", compression=code, tile=(16, 16))
        yield exact(f"planes{name}, tiles", data, scene())
        for big in (False, True):
            data = by_tifffile(scene(), photometric="rgb", compression=code, tile=(16, 16), bigtiff=big)
            yield exact(f"tiles{name}{', BigTIFF' if big else ''}", data, scene())
    wide = deep(scene()).transpose(2, 0, 1).copy()
    yield exact("planes, 16 bits", by_tifffile(wide, photometric="rgb", planarconfig="separate"), scene())
    yield exact("planes, 16 bits, predictor", by_tifffile(wide, photometric="rgb", planarconfig="separate", compression="lzw", predictor=True), scene())
    four = np.dstack([scene(), alpha()]).transpose(2, 0, 1).copy()
    yield exact("planes with alpha", by_tifffile(four, photometric="rgb", planarconfig="separate", extrasamples=["unassalpha"]), scene())
    for order in "<>":
        name = "little" if order == "<" else "big"
        yield exact(f"BigTIFF, {name}-endian", tiff(tags(26, 19, 8, 2, 3), [scene().tobytes()], order, big=True), scene())
        data = deep(scene()).astype(order + "u2").tobytes()
        yield exact(f"BigTIFF, 16 bits, {name}-endian", tiff(tags(26, 19, 16, 2, 3), [data], order, big=True), scene())
    strips = [scene()[y : y + 4].tobytes() for y in range(0, 19, 4)]
    yield exact("strips of 4 rows", tiff(tags(26, 19, 8, 2, 3, rows=4), strips))
    no_rows = tags(26, 19, 8, 2, 3)
    del no_rows[278]
    yield exact("without rows per strip", tiff(no_rows, [scene().tobytes()]))
    short = tags(26, 19, 8, 2, 3)
    short[256], short[257] = (SHORT, [26]), (SHORT, [19])
    yield exact("sizes of 16 bits", tiff(short, [scene().tobytes()]))
    tile = np.zeros((32, 32, 3), np.uint8)
    tile[:19, :26] = scene()
    entries = tags(26, 19, 8, 2, 3, t322=(SHORT, [32]), t323=(SHORT, [32]))
    del entries[278]
    yield exact("one tile, larger than the picture", tiff(entries, [tile.tobytes()]))
    bits = (grey() >> 7).astype(np.uint8)
    yield exact("1 bit, tiles", by_tifffile(np.pad(bits, ((0, 13), (0, 6))).astype(bool), tile=(16, 16)))


def orientations():
    for orientation in range(1, 9):
        for order in "<>":
            entries = tags(26, 19, 8, 2, 3, t274=(SHORT, [orientation]))
            name = f"orientation {orientation}, {'little' if order == '<' else 'big'}-endian"
            yield exact(name, tiff(entries, [scene().tobytes()], order))
    data = by_tifffile(scene().transpose(2, 0, 1).copy(), photometric="rgb", planarconfig="separate", extratags=[(274, 3, 1, 6, True)])
    yield exact("orientation 6, planes", data, np.rot90(scene(), -1))


def numbers():
    """Floats in [0, 1] are scaled to 255, floats up to 255 are truncated as by Pillow, others are refused."""
    unit = (scene() / 255).astype(np.float32)
    for order in "<>":
        name = "little" if order == "<" else "big"
        sample = {"t339": (SHORT, [3, 3, 3])}
        yield exact(f"RGB of floats in [0, 1], {name}-endian", tiff(tags(26, 19, 32, 2, 3, **sample), [unit.astype(order + "f4").tobytes()], order), scene())
        one = tiff(tags(26, 19, 32, 1, t339=(SHORT, [3])), [unit[..., 1].astype(order + "f4").tobytes()], order)
        yield exact(f"grey floats in [0, 1], {name}-endian", one, three(grey()))
    double = unit.astype(np.float64)
    yield exact("RGB of 64-bit floats in [0, 1]", by_tifffile(double, photometric="rgb"), scene())
    yield exact("RGB of 16-bit floats in [0, 1]", by_tifffile(unit.astype(np.float16), photometric="rgb"), scene())
    yield exact("planes of floats in [0, 1]", by_tifffile(unit.transpose(2, 0, 1).copy(), photometric="rgb", planarconfig="separate"), scene())
    large = grey().astype(np.float32) + np.float32(0.25)
    large[large > 255] = 255
    yield exact("grey floats up to 255", tiff(tags(26, 19, 32, 1, t339=(SHORT, [3])), [large.tobytes()]))
    yield exact("RGB of floats up to 255", by_tifffile(scene().astype(np.float32), photometric="rgb"), scene())
    for predictor in (False, True):
        data = by_tifffile(unit, photometric="rgb", compression="lzw", predictor=predictor or None)
        yield exact(f"RGB of floats, LZW{', predictor' if predictor else ''}", data, scene())
    data = by_tifffile(unit[..., 1].copy(), photometric="minisblack", compression="adobe_deflate", predictor=True)
    yield exact("grey floats, Deflate, predictor", data, three(grey()))
    heights = unit[..., 1] * 4000 - 100
    line = "its values are from -100 to 3900; floating-point pictures need values from 0 to 1 or from 0 to 255: scale them"
    yield exact("grey floats up to 3900", by_tifffile(heights.round().astype(np.float32), photometric="minisblack"), skip=line)
    missing = unit.copy()
    missing[3, 3] = np.nan
    line = "some of its values are not numbers (NaN or infinite): replace them"
    yield exact("floats with NaN", by_tifffile(missing, photometric="rgb"), skip=line)
    yield exact("32-bit integers up to 255", by_tifffile(grey().astype(np.int32), photometric="minisblack"), three(grey()))
    yield exact("32-bit integers without sign up to 255", by_tifffile(grey().astype(np.uint32), photometric="minisblack"), three(grey()))
    line = "its integers are from 0 to 255000; more than 16 bits need values from 0 to 255: scale them to 8 or 16 bits"
    large = by_tifffile(grey().astype(np.int32) * 1000, photometric="minisblack")
    yield exact("32-bit integers up to 255,000", large, skip=line)
    line = "its pixels are signed 8-bit integers, which are not supported: save it with unsigned ones"
    yield exact("signed 8-bit integers", by_tifffile((grey() >> 1).astype(np.int8), photometric="minisblack"), skip=line)
    line = "its pixels are signed 16-bit integers, which are not supported: save it with unsigned ones"
    yield exact("signed 16-bit integers", by_tifffile(grey().astype(np.int16), photometric="minisblack"), skip=line)
    line = "its pixels are complex numbers, which are not supported: save it with 8 or 16 bits per channel"
    yield exact("complex numbers", by_tifffile(unit[..., 1].astype(np.complex64), photometric="minisblack"), skip=line)


def colours():
    values = np.asarray(Image.fromarray(scene()).convert("CMYK")).copy()
    values[..., 3] = grey() // 3
    for name, code in (("", None), (", LZW", "tiff_lzw"), (", Deflate", "tiff_adobe_deflate")):
        yield exact(f"CMYK{name}", saved(Image.fromarray(values, "CMYK"), "TIFF", compression=code))
    yield exact("CMYK, planes", by_tifffile(values.transpose(2, 0, 1).copy(), photometric="separated", planarconfig="separate"), np.asarray(Image.fromarray(values, "CMYK").convert("RGB")))
    wide = by_tifffile(deep(values), photometric="separated")
    yield exact("CMYK, 16 bits", wide, np.asarray(Image.fromarray(values, "CMYK").convert("RGB")))
    data = saved(Image.fromarray(values, "CMYK"), "TIFF", compression="jpeg", quality=85)
    yield exact("CMYK, JPEG", data, exact=False)
    line = "it is a TIFF in CIE L*a*b* colours, which are not supported: save it as RGB"
    yield exact("CIE L*a*b*", saved(Image.fromarray(scene(), "LAB"), "TIFF"), skip=line)
    ycc = np.asarray(Image.fromarray(scene()).convert("YCbCr"))
    line = "it is a TIFF in YCbCr colours without JPEG compression, which is not supported: save it as RGB"
    yield exact("YCbCr without JPEG", tiff(tags(26, 19, 8, 6, 3, t530=(SHORT, [1, 1])), [ycc.tobytes()]), skip=line)


def surroundings():
    pages = [Image.fromarray(values) for values in (scene(), smooth())]
    yield exact("two pages", saved(pages[0], "TIFF", save_all=True, append_images=pages[1:]))
    yield exact("100 bytes after its end", saved(pages[0], "TIFF") + bytes(100))
    for size in ((1, 1), (1, 19), (26, 1)):
        yield exact(f"{size[0]} x {size[1]}", saved(Image.fromarray(scene(*size)), "TIFF"))
    yield exact("a colour profile", saved(pages[0], "TIFF", icc_profile=bytes(500)))


def refused():
    data = tiff(tags(26, 19, 8, 2, 3), [scene().tobytes()])
    cut = data[:8] + data[8:][:700]
    yield exact("cut off in its pixels", cut, skip=DAMAGED + "(the file ends within its directory)")
    short = tiff(tags(26, 19, 8, 2, 3), [scene().tobytes()[:-30]])
    yield exact("a strip that is too short", short, skip=DAMAGED + "(the file ends before its pixels do)")
    line = "it is a TIFF with old-style JPEG compression, which is not supported: save it with LZW or Deflate"
    yield exact("old-style JPEG", tiff(tags(26, 19, 8, 6, 3, compression=6), [scene().tobytes()]), skip=line)
    line = "it is a TIFF with compression 32809, which is not supported: save it with LZW or Deflate"
    yield exact("ThunderScan", tiff(tags(26, 19, 4, 1, compression=32809), [bytes(100)]), skip=line)
    line = "it is a camera's raw file (DNG), which is not supported: develop it, and save it as JPEG or PNG"
    yield exact("a DNG", tiff(tags(26, 19, 8, 32803, t50706=(1, [1, 4, 0, 0])), [grey().tobytes()]), skip=line)
    big = tiff(tags(100_000, 100_000, 8, 1), [bytes(100)])
    line = DAMAGED + "(it declares 100000 x 100000 pixels, but at most 100 million are supported)"
    yield exact("100,000 x 100,000 pixels", big, skip=line)
    entries = tags(26, 19, 8, 2, 3, t322=(SHORT, [0]), t323=(SHORT, [16]))
    yield exact("tiles of width 0", tiff(entries, [bytes(100)]), skip=DAMAGED + "(its tiles are 0 x 16 pixels)")
