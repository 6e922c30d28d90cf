"""Files of kinds that are not read, which are named; and pictures whose names are those of other formats."""

import gzip
import io
import struct

import imagecodecs
import numpy as np
from PIL import Image
from scene import Case, grey, saved, scene


def box(brand, *more):
    body = b"ftyp" + brand + bytes(4) + b"".join(more)
    return struct.pack(">I", len(body) + 4) + body + struct.pack(">I", 8) + b"meta"


def named(feature, data, what, advice="save it as PNG or JPEG"):
    return Case("other", feature, data, skip=f"it is {what}, which is not supported: {advice}")


def cases():
    image = Image.fromarray(scene())
    yield named("HEIC", box(b"heic", b"mif1", b"heic"), "a HEIC picture")
    yield named("HEIF", box(b"mif1", b"heic"), "a HEIC picture")
    yield named("JPEG 2000", saved(image, "JPEG2000"), "a JPEG 2000 picture")
    yield named("JPEG 2000, codestream", imagecodecs.jpeg2k_encode(scene(), codecformat="j2k"), "a JPEG 2000 picture")
    yield named("ICO", saved(image, "ICO"), "a Windows icon")
    yield named("ICNS", b"icns" + bytes(20), "an Apple icon")
    yield named("Photoshop", b"8BPS\0\1" + bytes(20), "a Photoshop document")
    yield named("PNM", saved(image, "PPM"), "a PNM picture (PPM, PGM or PBM)")
    yield named("DDS", saved(image, "DDS"), "a DDS texture")
    yield named("QOI", imagecodecs.qoi_encode(scene()), "a QOI picture")
    yield named("SGI", saved(image, "SGI"), "an SGI picture")
    yield named("PCX", saved(image, "PCX"), "a PCX picture")
    yield named("OpenEXR", b"\x76\x2f\x31\x01" + bytes(20), "an OpenEXR picture")
    yield named("Radiance HDR", b"#?RADIANCE\n" + bytes(20), "a Radiance HDR picture")
    yield named("SVG", b'<?xml version="1.0"?>\n<svg xmlns="http://www.w3.org/2000/svg"/>', "an SVG drawing")
    yield named("SVG without a declaration", b'<svg xmlns="http://www.w3.org/2000/svg"/>', "an SVG drawing")
    yield named("PDF", b"%PDF-1.7\n" + bytes(20), "a PDF document")
    yield named("PostScript", b"%!PS-Adobe-3.0 EPSF-3.0\n", "a PostScript document")
    yield named("FITS", b"SIMPLE  =                    T", "a FITS file")
    yield named("DICOM", bytes(128) + b"DICM" + bytes(20), "a DICOM file")
    raw = "develop it, and save it as JPEG or PNG"
    yield named("Canon CR2", b"II*\0\x10\0\0\0CR\2\0" + bytes(40), "a camera's raw file (CR2)", raw)
    yield named("Canon CR3", box(b"crx "), "a camera's raw file (CR3)", raw)
    yield named("Olympus ORF", b"IIRO\x08\0\0\0" + bytes(40), "a camera's raw file (ORF)", raw)
    yield named("Fujifilm RAF", b"FUJIFILMCCD-RAW " + bytes(40), "a camera's raw file (RAF)", raw)
    yield named("Panasonic RW2", b"IIU\0\x18\0\0\0" + bytes(40), "a camera's raw file (RW2)", raw)
    yield named("MP4", box(b"isom", b"mp42"), "a video")
    yield named("WebM", b"\x1a\x45\xdf\xa3" + bytes(20), "a video")
    yield named("AVI", b"RIFF\0\0\0\0AVI LIST", "a video")
    other = "remove it, or replace it by the picture"
    line = lambda what: f"it is {what}, not a picture: {other}"
    for name, data, what in (
        ("HTML", b"<!DOCTYPE html>\n<html><body>404</body></html>", "a web page (HTML)"),
        ("JSON", b'{"error": "not found"}', "text"),
        ("text", "höhere Werte\n".encode(), "text"),
        ("a pointer of Git LFS", b"version https://git-lfs.github.com/spec/v1\noid sha256:00\n", "a pointer of Git LFS (fetch its content: git lfs pull)"),
        ("gzip", gzip.compress(b"hello", mtime=0), "a compressed file (gzip)"),
        ("ZIP", b"PK\3\4" + bytes(20), "an archive (ZIP)"),
        ("NumPy", b"\x93NUMPY\1\0" + bytes(20), "a NumPy array"),
        ("HDF5", b"\x89HDF\r\n\x1a\n" + bytes(20), "an HDF5 file"),
        ("zeros", bytes(500), "a file of zeros (the copy of it failed)"),
    ):
        yield Case("other", name, data, skip=line(what))
    yield Case("other", "nothing", b"", skip="the file is empty")
    noise = bytes(np.random.default_rng(2).integers(128, 256, 60, np.uint8))
    yield Case("other", "unknown bytes", noise, skip="it is not a PNG, JPEG, WebP, AVIF, GIF, BMP, TIFF or JPEG XL picture")
