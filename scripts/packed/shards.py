"""Shards by the library `webdataset`, and the same archives by Python's `tarfile` in its other formats."""

import gzip
import io
import os
import tarfile

import webdataset

CLASSES = ["cat", "dog", "ship"]


def samples(cases, rows, **extra):
    """One sample for each row; the values of `extra` are called with the place and the class."""
    for i, (number, name) in enumerate(rows):
        values = {key.replace("_", "."): value(i, name) for key, value in extra.items()}
        yield {"__key__": f"sample{i:04}", "jpg": cases.data(number), **values}


def write_shards(pattern, rows, **options):
    """With an encoder that leaves the pictures as they are."""
    with webdataset.ShardWriter(pattern, verbose=0, mtime=0, **options) as sink:
        for row in rows:
            sink.write(row)


def write_tar(path, rows, **options):
    with webdataset.TarWriter(path, mtime=0, **options) as sink:
        for row in rows:
            sink.write(row)


def members(cases, rows, key, members_of):
    """Files with their names, for tarfile."""
    for i, (number, name) in enumerate(rows):
        for extension, content in members_of(number, name):
            yield f"{key(i)}.{extension}", content


def pack(path, files, kind, mode="w"):
    with tarfile.open(path, mode, format=kind) as archive:
        for name, content in files:
            add_file(archive, name, content)


def add_file(archive, name, content):
    member = tarfile.TarInfo(name)
    member.size = len(content)
    archive.addfile(member, io.BytesIO(content))


def add_link(archive, name, target, kind):
    member = tarfile.TarInfo(name)
    member.type, member.linkname = kind, target
    archive.addfile(member)


def write(cases):
    rows, test = cases.rows(), cases.test_rows()
    number = lambda _, name: CLASSES.index(name)
    text = lambda _, name: name

    write_shards(cases.path("shards", "train-%06d.tar"), samples(cases, rows, cls=number), maxcount=5)
    write_shards(cases.path("shards", "test-%06d.tar"), samples(cases, test, cls=number), maxcount=5)
    numbered = lambda part: [(picture, str(CLASSES.index(name))) for picture, name in part]
    cases.add("shards", train=numbered(rows), test=numbered(test))

    # As CLIP benchmark arranges them: a folder per split, and the names of the classes beside.
    write_shards(cases.path("named", "train", "%d.tar"), samples(cases, rows, cls=number), maxcount=7)
    write_shards(cases.path("named", "test", "%d.tar"), samples(cases, test, cls=number))
    with open(cases.path("named", "classnames.txt"), "w") as file:
        file.write("\n".join(CLASSES) + "\n")
    cases.add("named", train=rows, test=test)

    # A blank line in the names leaves open which number each line means; lines may have numbers.
    for case, lines in (("blank-line", "cat\n\ndog\nship\n"), ("numbered", "1 dog\n2 ship\n0 cat\n\n"), ("ends-blank", "cat\ndog\nship\n\n \n")):
        write_tar(cases.path(case, "train.tar"), samples(cases, rows, cls=number))
        with open(cases.path(case, "classes.txt"), "w") as file:
            file.write(lines)
        cases.add(case, train=numbered(rows) if case == "blank-line" else rows)

    split = lambda i: "test" if i % 4 == 3 else "train"
    field = lambda i, name: {"species": name, "split": split(i)}
    write_tar(cases.path("split-field.tar"), samples(cases, rows, json=field))
    parts = {wanted: [row for i, row in enumerate(rows) if split(i) == wanted] for wanted in ("train", "test")}
    cases.add("split-field.tar", **parts)
    lists = lambda i, name: {"labels": [name], "site": "ab"[i % 2]}
    write_tar(cases.path("lists.tar"), samples(cases, rows, json=lists))
    cases.add("lists.tar")
    write_tar(cases.path("tags.tar"), samples(cases, rows, cls=lambda i, name: "cat dog" if i == 5 else name))
    cases.add("tags.tar")
    ids = lambda i, name: {"label": 2**53 + CLASSES.index(name)}
    write_tar(cases.path("ids.tar"), samples(cases, rows, json=ids))
    cases.add("ids.tar", train=[(picture, str(2**53 + CLASSES.index(name))) for picture, name in rows])

    info = lambda i, name: {"label": CLASSES.index(name), "class_name": name, "width": 32, "id": f"n{i}", "box": [0, 1]}
    write_tar(cases.path("info.tar.gz"), samples(cases, rows, json=info))
    cases.add("info.tar.gz", train=numbered(rows))
    write_tar(cases.path("texts.tgz"), samples(cases, rows, txt=text))
    cases.add("texts.tgz", train=rows)
    caption = lambda i, name: f"a photograph of {name} {i}, which nobody else has"
    write_tar(cases.path("captions.tar"), samples(cases, rows * 2, txt=caption))
    cases.add("captions.tar")
    write_tar(cases.path("unlabelled.tar"), samples(cases, rows))
    cases.add("unlabelled.tar")
    unclear = lambda i, name: {"colour": name, "shape": name[::-1] if i % 2 else name}
    write_tar(cases.path("unclear.tar"), samples(cases, rows, json=unclear))
    cases.add("unclear.tar")
    pairs = ({"__key__": f"{i}", "left.jpg": cases.data(a), "right.jpg": cases.data(b), "cls": 0} for i, (a, b) in enumerate(zip(cases.train, cases.train[1:])))
    write_tar(cases.path("pairs.tar"), pairs)
    cases.add("pairs.tar")

    # Names of 100 bytes and more, in all formats; keys with dots in their folders; a picture before all labels.
    long = lambda i: f"{'very-long-folder.v1/' * 6}sample-{i:04}"
    labelled = lambda picture, name: [("jpg", cases.data(picture)), ("cls", name.encode())]
    formats = {"ustar": tarfile.USTAR_FORMAT, "pax": tarfile.PAX_FORMAT, "gnu": tarfile.GNU_FORMAT}
    for called, kind in formats.items():
        key = (lambda i: f"a.b/c.d/sample-{i:04}") if called == "ustar" else long
        pack(cases.path(f"{called}.tar"), members(cases, rows, key, labelled), kind)
        cases.add(f"{called}.tar", train=rows)

    files = sorted(members(cases, rows, lambda i: f"./{i:04}", labelled), key=lambda file: file[0].split(".")[-1])
    pack(cases.path("sorted.tar"), files, tarfile.PAX_FORMAT)
    cases.add("sorted.tar", train=rows)

    # Odd pictures, text instead of a picture, samples without a picture or a label, one that is there twice, and other files.
    odd = [*cases.train[:6], *cases.odd]
    names = [name for _, name in rows[:6]] + ["cat"] * len(cases.odd)
    extra = [("x1.jpg", b"no picture"), ("x1.cls", b"dog"), ("x2.cls", b"dog"), ("x3.png", cases.data(odd[0])), ("x3.npy", b"?")]
    again = [("0000.jpg", cases.data(odd[0])), ("__MACOSX/._0000.jpg", b"junk"), ("x4.jpg", cases.data(odd[1])), ("x4.cls", b"\n")]
    files = [*members(cases, list(zip(odd, names)), lambda i: f"{i:04}", labelled), *extra, *again]
    pack(cases.path("odd.tar"), files, tarfile.PAX_FORMAT)
    cases.add("odd.tar", train=list(zip(odd, names)))

    # Pictures and labels that are hard and symbolic links: to files with other names, to each other, and to nothing.
    for case in ("links.tar", "links.tar.gz"):
        options = {"mode": "w:gz", "compresslevel": 9} if case.endswith("gz") else {"mode": "w"}
        with tarfile.open(cases.path(case), format=tarfile.PAX_FORMAT, **options) as archive:
            for i, (picture, name) in enumerate(rows[:6]):
                add_file(archive, f"blobs/{i}", cases.data(picture))
                add_file(archive, f"s/{i}.cls", name.encode())
            for i in range(6):
                add_link(archive, f"s/{i}.jpg", f"blobs/{i}" if i % 2 else f"../blobs/{i}", tarfile.LNKTYPE if i % 2 else tarfile.SYMTYPE)
                add_link(archive, f"t/{i}.jpg", f"s/{i}.jpg", tarfile.LNKTYPE)
                add_link(archive, f"t/{i}.cls", f"../s/{i}.cls", tarfile.SYMTYPE)
            add_link(archive, "t/6.jpg", "/data/6.jpg", tarfile.SYMTYPE)
            add_link(archive, "t/7.jpg", "8.jpg", tarfile.SYMTYPE)
            add_link(archive, "t/8.jpg", "7.jpg", tarfile.SYMTYPE)
        cases.add(case, train=[row for row in rows[:6] for _ in range(2)])

    dots = [(f"photo.v1.{i:02}.jpg", cases.data(picture)) for i, (picture, _) in enumerate(rows)]
    pack(cases.path("dots.tar"), dots, tarfile.PAX_FORMAT)
    cases.add("dots.tar")

    # Class folders: no shards, and not read so far.
    folders = [(f"{name}/{i}.jpg", cases.data(picture)) for i, (picture, name) in enumerate(rows)]
    pack(cases.path("folders.tar"), folders, tarfile.PAX_FORMAT)
    cases.add("folders.tar")

    # An archive whose compression its name does not say, and one without its end.
    plain = io.BytesIO()
    with tarfile.open(fileobj=plain, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for name, content in members(cases, rows, lambda i: f"{i}", labelled):
            add_file(archive, name, content)
    with open(cases.path("gzipped.tar"), "wb") as file:
        file.write(gzip.compress(plain.getvalue(), mtime=0))
    cases.add("gzipped.tar", train=rows)
    with open(cases.path("cut.tar"), "wb") as file:
        file.write(plain.getvalue()[:7000])
    cases.add("cut.tar")
