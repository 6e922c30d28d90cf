"""BMP: every depth, header and compression."""

import struct

import numpy as np
from PIL import Image
from scene import Case, alpha, grey, paletted, saved, scene, smooth

RGB, RLE8, RLE4, BITFIELDS, JPEG, PNG = range(6)
DAMAGED = "the BMP is damaged, truncated or of an unsupported kind "


def rows_of(indices, bits):
    """The rows of a bottom-up picture, padded to 4 bytes."""
    out = b""
    for row in indices[::-1]:
        flat = np.unpackbits(row.astype(np.uint8)[:, None], axis=1)[:, 8 - bits :].reshape(-1)
        out += pad(np.packbits(flat).tobytes())
    return out


def pad(row):
    return row + bytes(-len(row) % 4)


def info(width, height, bits, compression=RGB, size=0, colours=0, masks=b"", length=40):
    header = struct.pack("<IiiHHIIiiII", length, width, height, 1, bits, compression, size, 2835, 2835, colours, 0)
    return (header + masks).ljust(length, b"\0") if length > 40 else header + masks


def bmp(header, palette, data, gap=b""):
    offset = 14 + len(header) + len(palette) + len(gap)
    return b"BM" + struct.pack("<IHHI", offset + len(data), 0, 0, offset) + header + palette + gap + data


def palette_bytes(image, count, size=4):
    colours = np.array(image.getpalette()[: 3 * count]).reshape(-1, 3)
    return b"".join(bytes([b, g, r] + [0] * (size - 3)) for r, g, b in colours.tolist()).ljust(size * count, b"\0")


def rle8(indices, mode):
    """Runs, absolute runs, or both with a delta to the next row's start."""
    out = b""
    for row in indices[::-1]:
        x = 0
        while x < len(row):
            run = 1
            while x + run < len(row) and row[x + run] == row[x] and run < 255:
                run += 1
            if mode == "runs" or run > 2:
                out += bytes([run, row[x]])
                x += run
                continue
            stop = min(x + 255, len(row)) if mode == "absolute" else min(x + 7, len(row))
            if stop - x < 3:
                out += bytes([1, row[x]])
                x += 1
                continue
            part = bytes(row[x:stop].tolist())
            out += bytes([0, len(part)]) + part + bytes(len(part) % 2)
            x = stop
        out += b"\0\0"
    return out + b"\0\1"


def rle4(indices, mode):
    out = b""
    for row in indices[::-1]:
        row = row.tolist()
        for x in range(0, len(row), 8):
            part = row[x : x + 8]
            if mode == "absolute" and len(part) >= 3:
                pairs = part + [0] * (len(part) % 2)
                packed = bytes(a << 4 | b for a, b in zip(pairs[::2], pairs[1::2]))
                out += bytes([0, len(part)]) + packed + bytes(len(packed) % 2)
            else:
                for value in part:
                    out += bytes([1, value << 4 | value])
        out += b"\0\0"
    return out + b"\0\1"


def alternating(width, height):
    """Runs of two alternating colours, as RLE4 stores them."""
    rows = b"".join(bytes([width, 0x10 + y % 16]) + b"\0\0" for y in range(height))
    y, x = np.mgrid[0:height, 0:width]
    return rows + b"\0\1", np.where(x % 2 == 0, 1, (height - 1 - y) % 16)


def cases():
    yield from plain()
    yield from sixteen()
    yield from masks()
    yield from run_lengths()
    yield from headers()
    yield from refused()


def plain():
    for bits in (1, 4, 8):
        image = paletted(2**bits)
        indices = np.asarray(image)
        height, width = indices.shape
        for count in {2**bits, max(2, 2**bits - 5)}:
            low = np.minimum(indices, count - 1)
            data = bmp(info(width, height, bits, colours=count), palette_bytes(image, count), rows_of(low, bits))
            yield Case("BMP", f"{bits} bits, {count} colours", data)
        top = bmp(info(width, -height, bits), palette_bytes(image, 2**bits), rows_of(indices[::-1], bits))
        yield Case("BMP", f"{bits} bits, top row first", top)
    yield Case("BMP", "24 bits", saved(Image.fromarray(scene()), "BMP"))
    yield Case("BMP", "grey", saved(Image.fromarray(grey()), "BMP"))
    yield Case("BMP", "1 bit by Pillow", saved(Image.fromarray(grey()).convert("1"), "BMP"))
    for width in (1, 2, 3, 5):
        yield Case("BMP", f"24 bits, {width} x 4", saved(Image.fromarray(scene(width, 4)), "BMP"))
        yield Case("BMP", f"1 bit, {width} x 4", saved(Image.fromarray(grey(width, 4)).convert("1"), "BMP"))
    top = b"".join(pad(row.tobytes()) for row in scene()[..., ::-1])
    yield Case("BMP", "24 bits, top row first", bmp(info(26, -19, 24), b"", top))
    rgba = np.dstack([scene()[..., ::-1], np.zeros((19, 26), np.uint8)])[::-1]
    yield Case("BMP", "32 bits", bmp(info(26, 19, 32), b"", rgba.tobytes()), scene())
    rgba[..., 3] = alpha()[::-1]
    yield Case("BMP", "32 bits, with alpha", bmp(info(26, 19, 32), b"", rgba.tobytes()), scene())
    yield Case("BMP", "RGBA by Pillow", saved(Image.fromarray(np.dstack([scene(), alpha()])), "BMP"))
    yield Case("BMP", "a gap before the pixels", bmp(info(26, 19, 24), b"", saved(Image.fromarray(scene()), "BMP")[54:], bytes(37)))
    yield Case("BMP", "100 bytes after its end", saved(Image.fromarray(scene()), "BMP") + bytes(100))


def sixteen():
    red, green, blue = (scene()[..., i].astype(np.uint16) for i in range(3))
    five = (red >> 3) << 10 | (green >> 3) << 5 | blue >> 3
    six = (red >> 3) << 11 | (green >> 2) << 5 | blue >> 3
    data = {name: b"".join(pad(row.astype("<u2").tobytes()) for row in values[::-1]) for name, values in (("5", five), ("6", six))}
    masks5 = struct.pack("<III", 0x7C00, 0x3E0, 0x1F)
    masks6 = struct.pack("<III", 0xF800, 0x7E0, 0x1F)
    yield Case("BMP", "16 bits, 5-5-5", bmp(info(26, 19, 16), b"", data["5"]))
    yield Case("BMP", "16 bits, 5-5-5 by masks", bmp(info(26, 19, 16, BITFIELDS, masks=masks5), b"", data["5"]))
    yield Case("BMP", "16 bits, 5-6-5 by masks", bmp(info(26, 19, 16, BITFIELDS, masks=masks6), b"", data["6"]))
    all555 = np.arange(32, dtype=np.uint16) * 0x421
    yield Case("BMP", "16 bits, all values", bmp(info(32, 1, 16), b"", all555.astype("<u2").tobytes()))
    all565 = np.arange(64, dtype=np.uint16)
    all565 = (all565 >> 1) << 11 | all565 << 5 | all565 >> 1
    yield Case("BMP", "16 bits, all values of 5-6-5", bmp(info(64, 1, 16, BITFIELDS, masks=masks6), b"", all565.astype("<u2").tobytes()))
    swapped = (blue >> 3) << 11 | (green >> 2) << 5 | red >> 3
    masks = struct.pack("<III", 0x1F, 0x7E0, 0xF800)
    rows = b"".join(pad(row.astype("<u2").tobytes()) for row in swapped[::-1])
    pixels = widened(six)
    yield Case("BMP", "16 bits, 5-6-5 with red below", bmp(info(26, 19, 16, BITFIELDS, masks=masks), b"", rows), pixels)
    four = (red >> 4) << 8 | (green >> 4) << 4 | blue >> 4
    rows = b"".join(pad(row.astype("<u2").tobytes()) for row in four[::-1])
    masks = struct.pack("<III", 0xF00, 0xF0, 0xF)
    pixels = (scene() >> 4) * 17
    yield Case("BMP", "16 bits, 4-4-4 by masks", bmp(info(26, 19, 16, BITFIELDS, masks=masks), b"", rows), pixels)


def widened(six):
    """5-6-5 as Pillow scales it."""
    red, green, blue = six >> 11, six >> 5 & 63, six & 31
    return np.stack([red.astype(int) * 255 // 31, green.astype(int) * 255 // 63, blue.astype(int) * 255 // 31], -1).astype(np.uint8)


def masks():
    pixels = scene()
    orders = {
        "B G R X": (0xFF0000, 0xFF00, 0xFF),
        "R G B X": (0xFF, 0xFF00, 0xFF0000),
        "X B G R": (0xFF000000, 0xFF0000, 0xFF00),
        "X R G B": (0xFF00, 0xFF0000, 0xFF000000),
        "B R G X": (0xFF00, 0xFF0000, 0xFF),
    }
    for name, triple in orders.items():
        words = np.zeros(pixels.shape[:2], np.uint32)
        for channel, mask in enumerate(triple):
            shift = (mask & -mask).bit_length() - 1
            words |= pixels[..., channel].astype(np.uint32) << np.uint32(shift)
        data = words[::-1].astype("<u4").tobytes()
        header = info(26, 19, 32, BITFIELDS, masks=struct.pack("<III", *triple))
        yield Case("BMP", f"32 bits by masks, {name}", bmp(header, b"", data), pixels)
    ten = pixels.astype(np.uint32) << np.uint32(2)
    words = ten[..., 0] << np.uint32(20) | ten[..., 1] << np.uint32(10) | ten[..., 2]
    header = info(26, 19, 32, BITFIELDS, masks=struct.pack("<III", 0x3FF00000, 0xFFC00, 0x3FF))
    scaled = ((pixels.astype(int) << 2) * 255 // 1023).astype(np.uint8)
    yield Case("BMP", "32 bits by masks, 10-10-10", bmp(header, b"", words[::-1].astype("<u4").tobytes()), scaled)


def run_lengths():
    image = paletted(64)
    indices = np.asarray(image)
    palette = palette_bytes(image, 64)
    for mode in ("runs", "absolute", "mixed"):
        data = rle8(indices, mode)
        yield Case("BMP", f"RLE8, {mode}", bmp(info(26, 19, 8, RLE8, len(data), 64), palette, data))
    image = paletted(16)
    indices = np.asarray(image)
    palette4 = palette_bytes(image, 16)
    for mode in ("runs", "absolute"):
        data = rle4(indices, mode)
        yield Case("BMP", f"RLE4, {mode}", bmp(info(26, 19, 4, RLE4, len(data), 16), palette4, data))
    data, values = alternating(26, 19)
    colours = np.array(image.getpalette()[:48]).reshape(-1, 3).astype(np.uint8)
    yield Case("BMP", "RLE4, two colours in a run", bmp(info(26, 19, 4, RLE4, len(data), 16), palette4, data), colours[values])
    odd = b"".join(bytes([13, 0x12, 13, 0x34]) + b"\0\0" for _ in range(19)) + b"\0\1"
    row = np.array([1, 2] * 6 + [1] + [3, 4] * 6 + [3])
    yield Case("BMP", "RLE4, odd runs", bmp(info(26, 19, 4, RLE4, len(odd), 16), palette4, odd), colours[np.tile(row, (19, 1))])
    table = np.array(paletted(64).getpalette()[:192]).reshape(-1, 3).astype(np.uint8)
    palette = palette_bytes(paletted(64), 64)
    # A jump of 5 columns and 2 rows, then an end of line that leaves the rest of the row.
    jump = bytes([4, 9, 0, 2, 5, 2, 6, 7, 0, 0, 3, 8, 0, 0]) + b"\0\0" * 14 + bytes([26, 5, 0, 1])
    values = np.zeros((19, 26), int)
    values[18, :4] = 9
    values[16, 9:15] = 7
    values[15, :3] = 8
    values[0] = 5
    early = jump[:14] + b"\0\1"
    yield Case("BMP", "RLE8, an early end", bmp(info(26, 19, 8, RLE8, len(early), 64), palette, early), skip=DAMAGED + "(the file ends before its pixels do)")
    yield Case("BMP", "RLE8, a jump and an early end of a line", bmp(info(26, 19, 8, RLE8, len(jump), 64), palette, jump), table[values])
    no_end = rle8(np.asarray(paletted(64)), "runs")[:-2]
    yield Case("BMP", "RLE8 without its end mark", bmp(info(26, 19, 8, RLE8, len(no_end), 64), palette, no_end), np.asarray(paletted(64).convert("RGB")))
    top = info(26, -19, 8, RLE8, len(jump), 64)
    line = DAMAGED + "(a compressed BMP has its bottom row first)"
    yield Case("BMP", "RLE8, top row first", bmp(top, palette, jump), skip=line)


def headers():
    for bits in (1, 4, 8):
        image = paletted(2**bits)
        core = struct.pack("<IHHHH", 12, 26, 19, 1, bits)
        yield Case("BMP", f"OS/2 version 1, {bits} bits", bmp(core, palette_bytes(image, 2**bits, 3), rows_of(np.asarray(image), bits)))
    body = saved(Image.fromarray(scene()), "BMP")[54:]
    yield Case("BMP", "OS/2 version 1, 24 bits", bmp(struct.pack("<IHHHH", 12, 26, 19, 1, 24), b"", body))
    image = paletted(64)
    for length in (52, 56, 64, 108, 124):
        yield Case("BMP", f"a header of {length} bytes", bmp(info(26, 19, 24, length=length), b"", body))
        header = info(26, 19, 8, colours=64, length=length)
        yield Case("BMP", f"a header of {length} bytes, palette", bmp(header, palette_bytes(image, 64), rows_of(np.asarray(image), 8)))
    masks = struct.pack("<IIII", 0xFF0000, 0xFF00, 0xFF, 0xFF000000)
    rgba = np.dstack([scene()[..., ::-1], alpha()])[::-1].tobytes()
    for length in (56, 108, 124):
        header = info(26, 19, 32, BITFIELDS, masks=masks, length=length)
        yield Case("BMP", f"a header of {length} bytes, masks with alpha", bmp(header, b"", rgba), scene())
    short = struct.pack("<IIIHH", 16, 26, 19, 1, 24)
    yield Case("BMP", "OS/2 version 2, a header of 16 bytes", bmp(short, b"", body), scene())


def refused():
    body = saved(Image.fromarray(scene()), "BMP")
    yield Case("BMP", "cut off in its pixels", body[:-40], skip=DAMAGED + "(the file ends before its pixels do)")
    line = "it is a BMP that contains a JPEG, which is not supported: save it as PNG"
    yield Case("BMP", "a JPEG inside", bmp(info(26, 19, 0, JPEG), b"", saved(Image.fromarray(scene()), "JPEG")), skip=line)
    line = "it is a BMP that contains a PNG, which is not supported: save it as PNG"
    yield Case("BMP", "a PNG inside", bmp(info(26, 19, 0, PNG), b"", saved(Image.fromarray(scene()), "PNG")), skip=line)
    huge = bmp(info(70_000, 70_000, 24), b"", body[54:])
    line = DAMAGED + "(it declares 70000 x 70000 pixels, but at most 100 million are supported)"
    yield Case("BMP", "70,000 x 70,000 pixels", huge, skip=line)
    yield Case("BMP", "5 bits", bmp(info(26, 19, 5), b"", body[54:]), skip=DAMAGED + "(there is no BMP with 5 bits per pixel)")
    yield Case("BMP", "OS/2 array of bitmaps", b"BA" + bytes(12) + body, skip="it is an OS/2 array of bitmaps, which is not supported: save it as PNG")
