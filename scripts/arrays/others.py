"""Cases of other files: pickles, MATLAB's files, tables of pixels, idx, STL-10, compression."""

import bz2
import collections
import io
import lzma
import pickle
import tarfile

import numpy as np
import scipy.io
from case import Case, gzipped, npy, npz
from source import CIFAR_CLASSES, CLASSES, COLOUR, IMAGES, LABELS, OTHER, OTHER_CLASSES, of_each

TRAIN = {"train": (COLOUR, CLASSES)}
BOTH = TRAIN | {"test": (OTHER, OTHER_CLASSES)}


def planes(images):
    return np.ascontiguousarray(images.transpose(0, 3, 1, 2)).reshape(len(images), -1)


def numpy1(content):
    """As numpy 1 pickles: its modules had other names."""
    assert b"numpy._core" in content
    # The lengths before the names must fit too: in protocols 4 and 5 they are a byte, or in a frame.
    return content.replace(b"numpy._core", b"numpy.core")


def cifar_pickles():
    images, labels = of_each(IMAGES, LABELS, [0, 1], 1)
    names = CIFAR_CLASSES[:2]
    batch = {"batch_label": "batch 1 of 5", "labels": [int(label) for label in labels], "data": planes(images), "filenames": ["a.png", "b.png"]}
    meta = {"num_cases_per_batch": 2, "label_names": names, "num_vis": 3072}

    def folder(write):
        batches = {f"data_batch_{i}": write(batch) for i in range(1, 6)}
        return batches | {"test_batch": write(batch), "batches.meta": write(meta)}

    expected = {"train": (np.concatenate([images] * 5), names * 5), "test": (images, names)}
    for protocol in range(6):
        yield Case(f"CIFAR-10 in protocol {protocol}", folder(lambda value: pickle.dumps(value, protocol)), expected)
    for protocol in range(3):
        yield Case(f"CIFAR-10 of numpy 1 in protocol {protocol}", folder(lambda value: numpy1_or_plain(value, protocol)), expected)
    def with_bytes(value):
        return pickle.dumps({key.encode(): inner for key, inner in value.items()}, 2)

    yield Case("CIFAR-10 with keys of bytes", folder(with_bytes), expected)

    def with_arrays(value):
        changed = {key: np.array(inner) if key in ("labels", "label_names") else inner for key, inner in value.items()}
        if "label_names" in changed:
            changed["label_names"] = [np.str_(name) for name in names]
        return pickle.dumps(changed, 4)

    yield Case("CIFAR-10 with labels in an array", folder(with_arrays), expected)

    def four_axes(value):
        return pickle.dumps({**value, **({"data": images} if "data" in value else {})}, 5)

    yield Case("CIFAR-10 with images of four axes", folder(four_axes), expected)
    fortran = lambda value: pickle.dumps({**value, **({"data": np.asfortranarray(planes(images))} if "data" in value else {})}, 5)
    yield Case("CIFAR-10, column-major", folder(fortran), expected)
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w") as archive:
        for name, data in folder(lambda value: pickle.dumps(value, 4)).items():
            member = tarfile.TarInfo(f"cifar-10-batches-py/{name}")
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
    yield Case("CIFAR-10 in a tar archive by another name", {"cifar.download": gzipped(content.getvalue())}, expected, "cifar.download")
    yield Case("a tar archive compressed by xz", {"cifar-10-python.tar.gz": lzma.compress(content.getvalue())}, path="cifar-10-python.tar.gz", error="it is compressed with xz, which is not supported: decompress it")
    bad = folder(lambda value: pickle.dumps(value, 2)) | {"data_batch_2": pickle.dumps(collections.Counter(a=1), 2)}
    yield Case("a pickle with another class", bad, error='data_batch_2: it asks for "collections Counter", which is refused')
    cut = folder(lambda value: pickle.dumps(value, 4))
    yield Case("a pickle that is cut off", cut | {"data_batch_4": cut["data_batch_4"][:3000]}, error="data_batch_4 is damaged \\(it is truncated\\): fetch it again")


def numpy1_or_plain(value, protocol):
    content = pickle.dumps(value, protocol)
    return numpy1(content) if b"numpy" in content else content


def pickles():
    labels = [int(label) for label in CLASSES]
    yield Case("a dictionary", {"train.p": pickle.dumps({"features": COLOUR, "labels": CLASSES, "sizes": np.zeros((12, 2))}, 3)}, TRAIN, "train.p")
    files = {"train.p": pickle.dumps({"features": COLOUR, "labels": labels}), "valid.p": pickle.dumps({"features": OTHER, "labels": OTHER_CLASSES}), "test.p": pickle.dumps({"features": OTHER, "labels": OTHER_CLASSES})}
    yield Case("train.p, valid.p, test.p", files, BOTH | {"validation": (OTHER, OTHER_CLASSES)})
    yield Case("a pair", {"data.pkl": pickle.dumps((COLOUR, CLASSES))}, TRAIN, "data.pkl")
    both = ((COLOUR, CLASSES), (OTHER, OTHER_CLASSES))
    yield Case("pairs of two splits", {"data.pkl": pickle.dumps(both)}, BOTH, "data.pkl")
    square, other = COLOUR[:, :, :12, 0], OTHER[:, :, :12, 0]
    flat = [(images.reshape(len(images), -1).astype(np.float32) / 255, own) for images, own in ((square, CLASSES), (other, OTHER_CLASSES), (other, OTHER_CLASSES))]
    greys = {"train": (square, CLASSES), "validation": (other, OTHER_CLASSES), "test": (other, OTHER_CLASSES)}
    yield Case("pairs of three splits, as in mnist.pkl.gz", {"mnist.pkl.gz": gzipped(pickle.dumps(tuple(flat), 2))}, greys, "mnist.pkl.gz", notes=["floats from 0", "each row of 144 values is an image of 12 × 12"])
    nested = {"train": {"images": COLOUR, "labels": CLASSES}, "test": {"images": OTHER, "labels": OTHER_CLASSES}}
    yield Case("a dictionary of splits", {"data.pickle": pickle.dumps(nested)}, BOTH, "data.pickle")
    yield Case("a pickle without arrays", {"data.pkl": pickle.dumps({"a": 1})}, path="data.pkl", error="it is a pickle without arrays")
    yield Case("a pickle of functions", {"data.pkl": b"cos\nsystem\n(S'true'\ntR."}, path="data.pkl", error='it asks for "os system", which is refused')


def mat(**arrays):
    options = arrays.pop("options", {})
    stream = io.BytesIO()
    scipy.io.savemat(stream, arrays, **options)
    # The header has the time.
    return b"MATLAB 5.0 MAT-file".ljust(116) + stream.getvalue()[116:] if not options.get("format") else stream.getvalue()


def matlab():
    digits, numbers = of_each(IMAGES, LABELS, range(10), 1)
    svhn = np.where(numbers == 0, 10, numbers).astype(np.uint8)[:, None]
    axes = digits.transpose(1, 2, 3, 0)
    compressed = {"options": {"do_compression": True}}
    expected = {"train": (digits, numbers)}
    notes = ["the label 10 is the digit 0"]
    train = mat(X=axes, y=svhn, **compressed)
    yield Case("SVHN", {"train_32x32.mat": train}, expected, "train_32x32.mat", notes=notes)
    yield Case("SVHN, not compressed", {"train_32x32.mat": mat(X=axes, y=svhn)}, expected, "train_32x32.mat", notes=notes)
    yield Case("SVHN with labels as doubles", {"train_32x32.mat": mat(X=axes, y=svhn.astype(float), **compressed)}, expected, "train_32x32.mat", notes=notes)
    both = {"train_32x32.mat": train, "test_32x32.mat": train, "extra_32x32.mat": train}
    yield Case("SVHN, all files", both, expected | {"test": (digits, numbers)}, notes=notes + ["extra_32x32.mat is not used"])
    alone = {"train": (COLOUR, CLASSES + 1)}
    yield Case("labels from 1", {"data.mat": mat(images=COLOUR, labels=CLASSES + 1)}, alone, "data.mat", notes=["labels count from 1"])
    named = {"train": (COLOUR, np.array(["plane", "car", "bird"])[CLASSES])}
    cells = np.array([["plane"], ["car"], ["bird"]], dtype=object)
    yield Case("names in a cell array", {"data.mat": mat(images=COLOUR, labels=CLASSES, class_names=cells)}, named, "data.mat")
    lines = np.array(["plane", "car", "bird"])
    yield Case("names in lines", {"data.mat": mat(images=COLOUR, labels=CLASSES, class_names=lines)}, named, "data.mat")
    unit = COLOUR / 255.0
    yield Case("doubles from 0 to 1", {"data.mat": mat(images=unit, labels=CLASSES, **compressed)}, TRAIN, "data.mat", notes=["floats from 0 to"])
    white = COLOUR[..., 0] > 127
    binary = {"train": (white.astype(np.uint8) * 255, CLASSES)}
    yield Case("doubles of 0 and 1, stored as bytes", {"data.mat": mat(images=white.astype(float), labels=CLASSES)}, binary, "data.mat", notes=["floats from 0 to 1, multiplied by 255"])
    yield Case("logical values", {"data.mat": mat(images=white, labels=CLASSES)}, binary, "data.mat", notes=["false is 0"])
    yield Case("one-hot labels", {"data.mat": mat(images=COLOUR, labels=np.eye(3)[CLASSES])}, TRAIN, "data.mat")
    yield Case("single precision", {"data.mat": mat(images=COLOUR.astype(np.float32), labels=CLASSES.astype(np.float32))}, TRAIN, "data.mat")
    struct = {"train": {"images": COLOUR, "labels": CLASSES}}
    yield Case("a struct", {"data.mat": mat(dataset=struct)}, path="data.mat", error="contains dataset; expected")
    yield Case("images in a struct", {"data.mat": mat(images=struct, labels=CLASSES)}, path="data.mat", error="images: it is a struct, which is not read")
    yield Case("version 4", {"data.mat": mat(images=COLOUR[..., 0].reshape(12, -1), labels=CLASSES, options={"format": "4"})}, path="data.mat", error="it is not a MATLAB file of version 5: save it with")
    hdf = b"MATLAB 7.3 MAT-file, Platform: GLNXA64".ljust(512) + b"\x89HDF\r\n\x1a\n" + bytes(100)
    yield Case("version 7.3", {"data.mat": hdf}, path="data.mat", error="it is a MATLAB file of version 7.3 \\(HDF5\\), which is not supported: save it with save\\(file, '-v7'\\)")
    yield Case("cut off", {"data.mat": train[:-400]}, path="data.mat", error="truncated|not a complete archive")
    ten, own = of_each(IMAGES, LABELS, range(10), 1)
    stl = ten.repeat(3, axis=1).repeat(3, axis=2)
    columns = stl.transpose(0, 3, 2, 1).reshape(10, -1)
    fields = {"X": columns, "y": (own + 1).astype(np.uint8)[:, None], "fold_indices": np.zeros((1, 10)), "class_names": np.array([CIFAR_CLASSES], dtype=object)}
    yield Case("STL-10", {"train.mat": mat(**fields, **compressed)}, {"train": (stl, np.array(CIFAR_CLASSES)[own])}, "train.mat", notes=["labels count from 1", "planes, column by column"])


def stl():
    images, labels = of_each(IMAGES, LABELS, range(10), 2)
    images = images.repeat(3, axis=1).repeat(3, axis=2)
    train, test = (images[:10], labels[:10]), (images[10:], labels[10:])
    names = np.array(CIFAR_CLASSES)

    def binary(images, labels):
        # [count, channel, column, row]
        return np.ascontiguousarray(images.transpose(0, 3, 2, 1)).tobytes(), (labels + 1).astype(np.uint8).tobytes()

    files = {"class_names.txt": ("\n".join(CIFAR_CLASSES) + "\n").encode(), "fold_indices.txt": b"1 2 3\n", "unlabeled_X.bin": b""}
    for split, both in (("train", train), ("test", test)):
        files[f"{split}_X.bin"], files[f"{split}_y.bin"] = binary(*both)
    expected = {split: (both[0], names[both[1]]) for split, both in (("train", train), ("test", test))}
    notes = ["unlabeled_X.bin of STL-10 is not used", "fold_indices.txt of STL-10 is not used"]
    yield Case("extracted", files, expected, notes=notes)
    yield Case("in its folder", {f"stl10_binary/{name}": content for name, content in files.items()}, expected, notes=notes)
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w") as archive:
        for name, data in files.items():
            member = tarfile.TarInfo(f"stl10_binary/{name}")
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
    yield Case("packed", {"stl10_binary.tar.gz": gzipped(content.getvalue())}, expected, "stl10_binary.tar.gz", notes=notes)
    small = {name: files[name] for name in ("train_X.bin", "train_y.bin")}
    yield Case("without names", small, {"train": (train[0], train[1] + 1)}, notes=["labels count from 1"])
    yield Case("cut off", small | {"train_X.bin": files["train_X.bin"][:-1]}, error="train_X.bin is damaged \\(expected images of 27648 bytes")
    yield Case("without labels", {"train_X.bin": files["train_X.bin"]}, error="\\(STL-10\\) lacks train_y.bin")
    yield Case("with other labels", small | {"train_y.bin": b"\x01\x02"}, error="train_X.bin has 10 images, train_y.bin 2 labels")


def table(images, labels, header=None, separator=",", last=False, end="\n"):
    rows = [] if header is None else [separator.join(header)]
    for image, label in zip(images, labels):
        cells = [str(value) for value in image.ravel()]
        rows.append(separator.join(cells + [str(label)] if last else [str(label), *cells]))
    return (end.join(rows) + end).encode()


def tables(digits, numbers):
    digits, numbers = of_each(digits, numbers, range(10), 1)
    expected = {"train": (digits, numbers)}
    kaggle = ["label", *(f"pixel{i}" for i in range(784))]
    kept = table(digits, numbers, kaggle)
    yield Case("Kaggle's digits", {"train.csv": kept}, expected, "train.csv")
    unlabelled = table(digits, numbers, kaggle[1:]).decode().splitlines()
    unlabelled = "\n".join([unlabelled[0], *(line.split(",", 1)[1] for line in unlabelled[1:])]).encode()
    yield Case("Kaggle's digits with its test images", {"train.csv": kept, "test.csv": unlabelled}, expected, notes=["pixels is set aside: it has no labels"])
    yield Case("test images alone", {"digits.csv": unlabelled}, path="digits.csv", error='it has no column of labels: name it "label"')
    yield Case("MNIST without a header", {"mnist_train.csv": table(digits, numbers), "mnist_test.csv": table(digits, numbers)}, expected | {"test": (digits, numbers)})
    yield Case("one file of two", {"mnist_train.csv": table(digits, numbers), "mnist_test.csv": table(digits, numbers)}, expected, "mnist_train.csv")
    grid = ["label", *(f"{row}x{column}" for row in range(1, 29) for column in range(1, 29))]
    yield Case("columns 1x1", {"mnist.csv": table(digits, numbers, grid)}, expected, "mnist.csv")
    swapped = ["label", *(f"{row}x{column}" for column in range(1, 29) for row in range(1, 29))]
    yield Case("columns in another order", {"mnist.csv": table(digits, numbers, swapped)}, path="mnist.csv", error="its columns are not in the order of the pixels: ")
    last = [*(f"pixel{i}" for i in range(1, 785)), "class"]
    yield Case("labels in the last column", {"mnist.csv": table(digits, numbers, last, last=True)}, expected, "mnist.csv")
    yield Case("labels in the last column, without a header", {"mnist.csv": table(digits, numbers, last=True)}, expected, "mnist.csv")
    yield Case("tabs and Windows' ends of lines", {"mnist.tsv": table(digits, numbers, kaggle, "\t", end="\r\n")}, expected, "mnist.tsv")
    yield Case("semicolons", {"mnist.csv": table(digits, numbers, kaggle, ";")}, expected, "mnist.csv")
    yield Case("a byte order mark", {"mnist.csv": b"\xef\xbb\xbf" + kept}, expected, "mnist.csv")
    yield Case("compressed", {"mnist.csv.gz": gzipped(kept)}, expected, "mnist.csv.gz")
    words = np.array("zero one two three four five six seven eight nine".split())[numbers]
    yield Case("labels in words", {"mnist.csv": table(digits, words, kaggle)}, {"train": (digits, words)}, "mnist.csv")
    gaps = np.where(numbers > 4, numbers + 1, numbers)
    yield Case("labels with gaps", {"signs.csv": table(digits, gaps, kaggle)}, {"train": (digits, gaps)}, "signs.csv")
    unit = np.round(digits / 255, 6)
    yield Case("fractions", {"mnist.csv": table(unit, numbers, kaggle)}, expected, "mnist.csv", notes=["floats from 0 to"])
    numbered = ["", *kaggle]
    indexed = "\n".join([",".join(numbered), *(f"{i},{line}" for i, line in enumerate(table(digits, numbers).decode().splitlines()))]).encode()
    yield Case("a column that numbers the rows", {"mnist.csv": indexed}, expected, "mnist.csv")
    letters = np.arange(1, 27)
    images = np.concatenate([digits] * 3)[:26]
    shown = {"train": (images, [chr(64 + letter) for letter in letters])}
    notes = ["rows and columns swapped; they are turned upright"]
    emnist = table(images.transpose(0, 2, 1), letters)
    yield Case("EMNIST's letters", {"emnist-letters-train.csv": emnist}, shown, "emnist-letters-train.csv", notes=notes)
    yield Case("EMNIST's letters by another name", {"letters.csv": emnist}, shown, "letters.csv", notes=notes)
    balanced = np.arange(47)
    many = np.concatenate([digits] * 5)[:47]
    names = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabdefghnqrt"
    yield Case("EMNIST, balanced", {"emnist-balanced-train.csv": table(many.transpose(0, 2, 1), balanced)}, {"train": (many, list(names))}, "emnist-balanced-train.csv", notes=notes)
    lines = kept.decode().splitlines()
    short = "\n".join([*lines[:5], lines[5].rsplit(",", 3)[0]]).encode()
    yield Case("a short row", {"mnist.csv": short}, path="mnist.csv", error="line 6 has 782 columns, but the first line has 785")
    wrong = "\n".join([*lines[:3], lines[3].rsplit(",", 1)[0] + ",x"]).encode()
    yield Case("a word among the pixels", {"mnist.csv": wrong}, path="mnist.csv", error='line 4: expected a number in column 785, found "x"')
    fewer = table(digits[:, :, :20], numbers, ["label", *(f"pixel{i}" for i in range(560))])
    yield Case("pixels of no square", {"mnist.csv": fewer}, path="mnist.csv", error="it has 561 columns, of which 560 could be pixels")


def idx(array):
    codes = {"uint8": 8, "int32": 12, "float32": 13, "float64": 14}
    header = bytes([0, 0, codes[str(array.dtype)], array.ndim]) + np.array(array.shape, ">u4").tobytes()
    return header + array.astype(array.dtype.newbyteorder(">")).tobytes()


def idx_files(digits, numbers):
    digits, numbers = of_each(digits, numbers, range(10), 1)
    letters = np.arange(1, 27).astype(np.uint8)
    images = np.concatenate([digits] * 3)[:26]
    stored = np.ascontiguousarray(images.transpose(0, 2, 1))
    shown = (images, [chr(64 + letter) for letter in letters])
    notes = ["rows and columns swapped; they are turned upright"]

    def pair(prefix, split, images, labels, write=lambda content: content, end=""):
        return {f"{prefix}{split}-images-idx3-ubyte{end}": write(idx(images)), f"{prefix}{split}-labels-idx1-ubyte{end}": write(idx(labels))}

    emnist = pair("emnist-letters-", "train", stored, letters, gzipped, ".gz") | pair("emnist-letters-", "test", stored, letters, gzipped, ".gz")
    yield Case("EMNIST's letters", emnist, {"train": shown, "test": shown}, notes=notes)
    others = pair("emnist-digits-", "train", np.ascontiguousarray(digits.transpose(0, 2, 1)), numbers.astype(np.uint8))
    yield Case("EMNIST, one of several sets", emnist | others, {"train": shown, "test": shown}, "emnist-letters-train-images-idx3-ubyte.gz", notes=notes)
    yield Case("EMNIST's digits", others, {"train": (digits, numbers)}, notes=notes)
    yield Case("EMNIST, all sets", emnist | others, error="several sets of train images")
    yield Case("EMNIST's letters by another name", pair("", "train", stored, letters), {"train": shown}, notes=notes)
    own = numbers.astype(np.uint8)
    plain = pair("", "train", digits, own)
    yield Case("compressed without .gz", {name: gzipped(content) for name, content in plain.items()}, {"train": (digits, numbers)})
    colours = {"train-images-idx4-ubyte": idx(COLOUR), "train-labels-idx1-ubyte": idx(CLASSES.astype(np.uint8))}
    yield Case("colours", colours, TRAIN)
    yield Case("labels of 32 bits", plain | {"train-labels-idx1-ubyte": idx(numbers.astype(np.int32))}, {"train": (digits, numbers)})
    bomb = gzipped(idx(digits) + bytes(10**7))
    yield Case("more than the header says", {"train-images-idx3-ubyte.gz": bomb, "train-labels-idx1-ubyte": idx(own)}, error="train-images-idx3-ubyte.gz is longer than its header says .*: fetch it again")


def compression():
    content = npz(images=COLOUR, labels=CLASSES)
    yield Case("xz", {"data.npz": lzma.compress(content)}, path="data.npz", error="it is compressed with xz, which is not supported: decompress it \\(xz -d\\)")
    yield Case("bzip2", {"x_train.npy.bz2": bz2.compress(npy(COLOUR))}, path="x_train.npy.bz2", error="it is compressed with bzip2, which is not supported: decompress it \\(bunzip2\\)")
    yield Case("HDF5", {"data.h5": b"\x89HDF\r\n\x1a\n" + bytes(100)}, path="data.h5", error="it is an HDF5 file, which is not supported: save its arrays with numpy.savez")
    yield Case("7-Zip", {"data.7z": b"7z\xbc\xaf\x27\x1c" + bytes(100)}, path="data.7z", error="it is a 7-Zip archive, which is not supported: unpack it, and give the folder")
    yield Case("nothing", {"data.npz": b""}, path="data.npz", error="data.npz is truncated or not an npz file")


def cases(digits, numbers):
    groups = {
        "pickle": [*cifar_pickles(), *pickles()],
        "MATLAB": matlab(),
        "STL-10": stl(),
        "table": tables(digits, numbers),
        "idx": idx_files(digits, numbers),
        "compression": compression(),
    }
    for group, own in groups.items():
        for case in own:
            case.name = f"{group}: {case.name}"
            yield case
