"""Cases of numpy's files: types, layouts, labels, names, splits."""

import io
import pickle
import zipfile

import numpy as np
from case import Case, gzipped, npy, npz
from source import CLASSES, COLOUR, GREY, OTHER, OTHER_CLASSES, OTHER_GREY

TRAIN = {"train": (COLOUR, CLASSES)}
BOTH = TRAIN | {"test": (OTHER, OTHER_CLASSES)}
GREYS = {"train": (GREY, CLASSES)}
WORDS = np.array(["plane", "car", "bird"])


def one(name, splits=TRAIN, compressed=False, file="data.npz", settings=None, notes=(), error="", **arrays):
    content = npz(compressed, **arrays)
    return Case(name, {file: content}, splits, file, settings or {}, error, list(notes))


def scaled(dtype):
    return (COLOUR.astype(np.float64) / 255).astype(dtype)


def types():
    labels = CLASSES
    yield one("uint8", x_train=COLOUR, y_train=labels)
    yield one("compressed", compressed=True, x_train=COLOUR, y_train=labels)
    for dtype in ("int16", "uint16", ">u2", "int32", ">i4", "int64", ">u8"):
        yield one(f"{dtype} up to 255", images=COLOUR.astype(dtype), labels=labels)
    for dtype in ("float16", "float32", ">f4", "float64"):
        notes = ["images: floats from 0 to [01](\\.\\d+)?, multiplied by 255"]
        yield one(f"{dtype} from 0 to 1", images=scaled(dtype), labels=labels, notes=notes)
    for dtype in ("float32", "float64", ">f8"):
        yield one(f"{dtype} from 0 to 255", images=COLOUR.astype(dtype), labels=labels)
    over = scaled("float32") * np.float32(1.0000002) - np.float32(1e-7)
    yield one("floats slightly beyond 0 and 1", images=over, labels=labels, notes=["multiplied by 255"])
    yield one("fractions", images=COLOUR.astype(np.float32) - 0.25 * (COLOUR > 0), labels=labels)
    white = GREY > 127
    yield one("booleans", {"train": (white.astype(np.uint8) * 255, labels)}, images=white, labels=labels, notes=["false is 0, true is 255"])
    binary = {"train": (white.astype(np.uint8), labels)}
    yield one("zeros and ones", binary, images=white.astype(np.uint8), labels=labels, notes=["nearly black: their largest value is 1 of 255"])


def layouts():
    labels = CLASSES
    yield one("column-major", images=np.asfortranarray(COLOUR), labels=labels)
    yield one("column-major, compressed", compressed=True, images=np.asfortranarray(COLOUR), labels=labels)
    yield one("column-major floats", images=np.asfortranarray(scaled("float32")), labels=labels, notes=["multiplied by 255"])
    yield one("grey", GREYS, images=GREY, labels=labels)
    yield one("grey with a channel", GREYS, images=GREY[..., None], labels=labels)
    yield one("column-major grey", GREYS, images=np.asfortranarray(GREY), labels=labels)
    yield one("channels first", images=COLOUR.transpose(0, 3, 1, 2), labels=labels)
    yield one("channels first, copied", images=np.ascontiguousarray(COLOUR.transpose(0, 3, 1, 2)), labels=labels)
    yield one("channels first, column-major", images=np.asfortranarray(COLOUR.transpose(0, 3, 1, 2)), labels=labels)
    yield one("grey, channels first", GREYS, images=GREY[:, None], labels=labels)
    yield one("images along the last axis", images=np.ascontiguousarray(COLOUR.transpose(1, 2, 3, 0)), labels=labels)
    yield one("images along the last axis, column-major", images=np.asfortranarray(COLOUR.transpose(1, 2, 3, 0)), labels=labels)
    square = GREY[:, :, :12]
    flat = square.reshape(len(square), -1)
    squares = {"train": (square, labels)}
    notes = ["each row of 144 values is (read as )?an image of 12 × 12"]
    yield one("rows", squares, images=flat, labels=labels, notes=notes)
    yield one("rows, column-major", squares, images=np.asfortranarray(flat), labels=labels, notes=notes)
    yield one("columns", squares, images=np.ascontiguousarray(flat.T), labels=labels, notes=notes)
    colours = {"train": (COLOUR[:, :, :12], labels)}
    planes = COLOUR[:, :, :12].transpose(0, 3, 1, 2).reshape(len(COLOUR), -1)
    pixels = COLOUR[:, :, :12].reshape(len(COLOUR), -1)
    yield one("rows of planes", colours, settings={"channels": "first"}, notes=["channels first, each row of 432 values"], images=planes, labels=labels)
    yield one("rows of pixels", colours, settings={"channels": "last"}, notes=["channels last, each row of 432 values"], images=pixels, labels=labels)
    yield one("rows of colours", error="may be three planes or RGB pixels of 12 × 12: set channels to first or last", images=planes, labels=labels)
    strip = COLOUR[:, :3].transpose(0, 3, 1, 2)
    both = COLOUR[:, :3]
    yield one("channels may be both", error="channels may be the first or the last axis .* set channels to first or last", images=both, labels=labels)
    yield one("channels said to be last", {"train": (COLOUR[:, :3], labels)}, settings={"channels": "last"}, images=COLOUR[:, :3], labels=labels)
    yield one("channels said to be first", {"train": (COLOUR[:, :3], labels)}, settings={"channels": "first"}, images=strip, labels=labels)


def labels():
    eye = np.eye(3)
    for dtype in ("uint8", "int8", "int32", ">i8", "float32", "float64"):
        yield one(f"labels {dtype}", images=COLOUR, labels=CLASSES.astype(dtype))
    yield one("labels in a column", images=COLOUR, labels=CLASSES[:, None])
    yield one("labels in a row", images=COLOUR, labels=CLASSES[None])
    for dtype in ("uint8", "float32", "bool", "int64"):
        yield one(f"one-hot {dtype}", images=COLOUR, labels=eye[CLASSES].astype(dtype))
    yield one("one-hot, column-major", images=COLOUR, labels=np.asfortranarray(eye[CLASSES]))
    texts = {"train": (COLOUR, WORDS[CLASSES])}
    yield one("texts", texts, images=COLOUR, labels=WORDS[CLASSES])
    yield one("texts in bytes", texts, images=COLOUR, labels=WORDS[CLASSES].astype("S"))
    yield one("texts, big-endian", texts, images=COLOUR, labels=WORDS[CLASSES].astype(">U8"))
    numbers = {"train": (COLOUR, CLASSES + 9)}
    yield one("texts of numbers", numbers, images=COLOUR, labels=(CLASSES + 9).astype("U2"))
    named = texts
    yield one("names of classes", named, images=COLOUR, labels=CLASSES, class_names=WORDS)
    yield one("names of classes, in bytes", named, images=COLOUR, labels=CLASSES, label_names=WORDS.astype("S"))
    yield one("names of classes with one-hot labels", named, images=COLOUR, labels=eye[CLASSES], class_names=WORDS)
    yield one("names of classes with texts", named, images=COLOUR, labels=WORDS[CLASSES], class_names=WORDS)
    ones = {"train": (COLOUR, CLASSES + 1)}
    yield one("labels from 1", ones, images=COLOUR, labels=CLASSES + 1, notes=["labels count from 1 .*: 1 to 3"])
    yield one("labels from 1 with names", named, images=COLOUR, labels=CLASSES + 1, class_names=WORDS, notes=["labels count from 1"])


def keys():
    for images, targets in (
        ("images", "targets"),
        ("image", "label"),
        ("data", "target"),
        ("features", "labels"),
        ("X", "y"),
        ("X_tr", "Y_tr"),
        ("train_x", "train_y"),
        ("xtrain", "ytrain"),
        ("trainX", "trainY"),
        ("training_images", "training_labels"),
        ("inputs", "outputs"),
        ("arr_0", "arr_1"),
        ("pictures", "kinds"),
        ("imgs", "cls"),
    ):
        yield one(f"keys {images}, {targets}", **{images: COLOUR, targets: CLASSES})
    others = {"x_test": OTHER, "y_test": OTHER_CLASSES}
    yield one("keys of Keras", BOTH, x_train=COLOUR, y_train=CLASSES, **others)
    medical = {"train": (COLOUR, CLASSES), "validation": (OTHER, OTHER_CLASSES), "test": (OTHER, OTHER_CLASSES)}
    yield one(
        "keys of MedMNIST",
        medical,
        train_images=COLOUR,
        train_labels=CLASSES[:, None],
        val_images=OTHER,
        val_labels=OTHER_CLASSES[:, None],
        test_images=OTHER,
        test_labels=OTHER_CLASSES[:, None],
    )
    yield one("keys X_tr, X_te", BOTH, X_tr=COLOUR, y_tr=CLASSES, X_te=OTHER, y_te=OTHER_CLASSES)
    paths = {"train/images": COLOUR, "train/labels": CLASSES, "test/images": OTHER, "test/labels": OTHER_CLASSES}
    yield one("keys with folders", BOTH, **paths)
    yield one("further arrays", images=COLOUR, labels=CLASSES, ids=np.arange(len(COLOUR)), mean=np.float32(0.5), notes=[])
    test = {"train": (COLOUR, CLASSES)}
    yield one("test images without labels", test, x_train=COLOUR, y_train=CLASSES, x_test=OTHER, notes=["x_test is set aside: it has no labels"])
    several = {"arr_0": COLOUR, "arr_1": CLASSES, "arr_2": OTHER, "arr_3": OTHER_CLASSES}
    yield one("four arrays without names", error="not clear which arrays are the train images and labels: arr_0 .* --set arrays='\\[arr_0,arr_1\\]'", **several)
    yield one("four arrays, named by the setting", BOTH, settings={"arrays": "{train: [arr_0, arr_1], test: [arr_2, arr_3]}"}, **several)
    coarse = {"x": COLOUR, "fine_labels": CLASSES, "coarse_labels": CLASSES // 2}
    yield one("two kinds of labels", error="not clear which arrays .* --set arrays='\\[x,fine_labels\\]'", **coarse)
    yield one("two kinds of labels, one by the setting", settings={"arrays": "[x, fine_labels]"}, **coarse)
    yield one("a setting with another name", error='^.*arrays: .* has no "pictures"; it contains x ', settings={"arrays": "[pictures, labels]"}, x=COLOUR, y=CLASSES)
    yield one("images without labels", error="it has images but not its labels labels", images=COLOUR)
    yield one("no images", error="contains a, b; expected x_train and y_train", a=CLASSES, b=CLASSES)


def refused():
    labels = CLASSES
    unit = scaled("float32")
    yield one("floats from -1 to 1", error="images: its values are floats from -1 to 1; images need values from 0 to 1 or from 0 to 255: scale them, such as \\(x \\+ 1\\) / 2", images=2 * unit / unit.max() - 1, labels=labels)
    normal = (unit - unit.mean()) / unit.std()
    yield one("normalized floats", error="images: its values are floats from -\\d.* undo a normalization", images=normal, labels=labels)
    yield one("floats from 0 to 16", error="images: its values are floats from 0 to 16; .*: scale them", images=unit / unit.max() * 16, labels=labels)
    yield one("floats beyond 255", error="images: its values are floats from 0 to 510", images=unit / unit.max() * 510, labels=labels)
    broken = unit.copy()
    broken[3, 2, 1] = np.nan
    broken[0, 0, 0, 0] = np.inf
    yield one("floats with NaN", error="images: 4 of its values are not numbers \\(NaN or infinite\\): replace them", images=broken, labels=labels)
    yield one("integers beyond 255", error="images: expected pixels from 0 to 255, found 65280; scale them", images=(COLOUR // 255).astype(np.uint16) * 65280, labels=labels)
    yield one("negative integers", error="images: expected pixels from 0 to 255, found -1", images=COLOUR.astype(np.int16) - 1, labels=labels)
    yield one("complex numbers", error="images: it contains complex numbers, which are not read", images=unit.astype(np.complex64), labels=labels)
    yield one("objects", error="labels: it is an array of Python objects \\(dtype object\\), which is not read", images=COLOUR, labels=WORDS[labels].astype(object))
    yield one("names of classes as objects", error='class_names: it is an array of Python objects .*numpy.array\\(names, dtype="str"\\)', images=COLOUR, labels=labels, class_names=WORDS.astype(object))
    fields = np.zeros(len(COLOUR), dtype=[("pixels", "u1", (4, 4)), ("label", "i4")])
    yield one("a structured array", error="images: it is a structured array", images=fields, labels=labels)
    yield one("dates", error="labels: it contains dates, which are not read", images=COLOUR, labels=labels.astype("M8[s]"))
    alpha = np.concatenate([COLOUR, COLOUR[..., :1]], axis=3)
    yield one("four channels", error="images: expected images of the shape .*, found \\[12, 12, 16, 4\\]; of 4 channels, keep three", images=alpha, labels=labels)
    yield one("rows of pixels in one axis", error="reshape the array to \\[N, H, W\\]", images=COLOUR[:, :12, :12].reshape(12, 144, 3), labels=labels)
    yield one("soft labels", error="labels: expected one whole number per image, found the shape \\[12, 3\\], in which the row of image 0 has the value 0.8", images=COLOUR, labels=np.eye(3)[labels] * 0.7 + 0.1)
    yield one("several labels", error="the row of image 0 has several classes", images=COLOUR, labels=np.ones((12, 3)))
    yield one("no label", error="the row of image 0 has no class", images=COLOUR, labels=np.zeros((12, 3)))
    yield one("labels with fractions", error="labels: a label is 0.5; labels are whole numbers", images=COLOUR, labels=labels + 0.5)
    yield one("negative labels", error="a label is -1; labels count from 0", images=COLOUR, labels=labels - 1)
    yield one("fewer labels", error="images has 12 images, labels 11 labels", images=COLOUR, labels=labels[:-1])
    yield one("another range in the test images", error="the splits have different ranges of values \\(.*x_train: .*x_test: floats from 0", x_train=COLOUR, y_train=labels, x_test=OTHER / 255, y_test=OTHER_CLASSES)
    yield one("another class in validation", error='y_val: its image 0 has the class "frog", which no training image has', x_train=COLOUR, y_train=WORDS[labels], x_val=OTHER, y_val=np.array(["frog"] * 6))
    set_aside = {"train": (COLOUR, WORDS[labels])}
    yield one("another class in the test images", set_aside, x_train=COLOUR, y_train=WORDS[labels], x_test=OTHER, y_test=np.array(["frog"] * 6), notes=["the test images are set aside: .*frog"])


def damaged():
    whole = npz(images=COLOUR, labels=CLASSES)
    yield Case("truncated", {"data.npz": whole[:-30]}, path="data.npz", error="data.npz is truncated or not an npz file")
    place = whole.index(COLOUR[5].tobytes())
    flipped = whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :]
    yield Case("a changed pixel", {"data.npz": flipped}, path="data.npz", error="images: it is damaged \\(its checksum is wrong\\)")
    cut = io.BytesIO()
    with zipfile.ZipFile(cut, "w") as archive:
        archive.writestr("images.npy", npy(COLOUR)[:-100])
        archive.writestr("labels.npy", npy(CLASSES))
    yield Case("an array that is cut off", {"data.npz": cut.getvalue()}, path="data.npz", error="images: it is truncated: 6912 bytes expected, 6812 found")
    named = io.BytesIO()
    with zipfile.ZipFile(named, "w", zipfile.ZIP_BZIP2) as archive:
        archive.writestr("images.npy", npy(COLOUR))
        archive.writestr("labels.npy", npy(CLASSES))
    yield Case("compressed by bzip2", {"data.npz": named.getvalue()}, path="data.npz", error="images: it is compressed by bzip2, which is not supported")
    other = io.BytesIO()
    with zipfile.ZipFile(other, "w") as archive:
        archive.writestr("cats/1.png", b"no array")
    yield Case("a zip archive of other files", {"data.zip": other.getvalue()}, path="data.zip", error="it is an archive \\(zip\\) without arrays, of cats/1.png: unpack it, and give the folder")
    torch = io.BytesIO()
    with zipfile.ZipFile(torch, "w") as archive:
        archive.writestr("archive/data.pkl", pickle.dumps({}))
    yield Case("a PyTorch file", {"data.pt": torch.getvalue()}, path="data.pt", error="it is a PyTorch file, which is not read")


def zip64():
    """Entries that say their sizes in 64 bits, as numpy writes them for arrays of unknown size."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, array in (("images", COLOUR), ("labels", CLASSES)):
            with archive.open(f"{name}.npy", "w", force_zip64=True) as member:
                member.write(npy(array))
    yield Case("zip64", {"data.npz": stream.getvalue()}, TRAIN, "data.npz")


def files():
    labels = CLASSES
    pair = {"x_train.npy": npy(COLOUR), "y_train.npy": npy(labels)}
    tests = {"x_test.npy": npy(OTHER), "y_test.npy": npy(OTHER_CLASSES)}
    yield Case("npy files", pair | tests, BOTH)
    yield Case("an npy file with its labels beside it", pair | tests, TRAIN, "x_train.npy")
    yield Case("the test images' npy file", pair | tests, {"train": (OTHER, OTHER_CLASSES)}, "x_test.npy")
    names = {"class_names.npy": npy(WORDS)}
    yield Case("images.npy and labels.npy", {"images.npy": npy(COLOUR), "labels.npy": npy(labels)} | names, {"train": (COLOUR, WORDS[labels])})
    yield Case("compressed npy files", {f"{name}.gz": gzipped(content) for name, content in pair.items()}, TRAIN)
    # By the bytes, not by the name.
    yield Case("compressed npy files without .gz", {name: gzipped(content) for name, content in pair.items()}, TRAIN)
    yield Case("npy files of version 2 and 3", {"x.npy": npy(COLOUR, version=(2, 0)), "y.npy": npy(labels, version=(3, 0))}, TRAIN)
    folders = {"train/images.npy": npy(COLOUR), "train/labels.npy": npy(labels), "test/images.npy": npy(OTHER), "test/labels.npy": npy(OTHER_CLASSES)}
    yield Case("npy files in the folders of splits", folders, BOTH)
    yield Case("an npy file alone", {"x_train.npy": npy(COLOUR)}, path="x_train.npy", error="it has x_train but not its labels y_train")
    yield Case("npy files of different lengths", {"x.npy": npy(COLOUR), "y.npy": npy(labels[:-1])}, error="x.npy has 12 images, .*y.npy 11 labels")
    own = npz(images=COLOUR, labels=labels)
    other = npz(images=OTHER, labels=OTHER_CLASSES)
    splits = BOTH | {"validation": (OTHER, OTHER_CLASSES)}
    for word in ("val", "valid", "validation", "dev"):
        yield Case(f"train.npz, {word}.npz, test.npz", {"train.npz": own, f"{word}.npz": other, "test.npz": other}, splits)
    yield Case("mnist_train.npz, mnist_test.npz", {"mnist_train.npz": own, "mnist_test.npz": npz(x_test=OTHER, y_test=OTHER_CLASSES)}, BOTH)
    yield Case("a single npz file in a folder", {"data.npz": own, "README.txt": b"no array"}, TRAIN)
    parts = {f"kmnist-{split}-{part}.npz": npz(arr_0=array) for split, part, array in (("train", "imgs", COLOUR), ("train", "labels", labels), ("test", "imgs", OTHER), ("test", "labels", OTHER_CLASSES))}
    yield Case("npz files of single arrays, as KMNIST's", parts, BOTH)
    yield Case("a further npz file", {"train.npz": own, "extra.npz": other}, TRAIN, notes=["extra.npz is not used: its name says no split"])
    yield Case("several npz files", {"a.npz": own, "b.npz": other}, error="contains several files of arrays \\(a.npz, b.npz\\): give one of them")
    yield Case("an npz file by another name", {"data.bin": own}, TRAIN, "data.bin")
    pointer = b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n"
    yield Case("a pointer of Git LFS", {"data.npz": pointer}, path="data.npz", error="it is a pointer of Git LFS, which is not supported: fetch its content")
    yield Case("a compressed npz file", {"data.npz": gzipped(own)}, path="data.npz", error="decompress")


def cases():
    for group in (types, layouts, labels, keys, refused, damaged, zip64, files):
        for case in group():
            case.name = f"numpy: {case.name}"
            yield case
