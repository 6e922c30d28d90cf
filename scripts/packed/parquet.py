"""Parquet files by Hugging Face's `datasets`, by pandas and by pyarrow."""

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from datasets import ClassLabel, Dataset, Features, Image, List, Value, disable_progress_bars

CLASSES = ["cat", "dog", "ship"]


def pictures(cases, rows):
    return [{"bytes": cases.data(number), "path": f"{number}.jpg"} for number, _ in rows]


def dataset(cases, rows, image="image", label="label", names=CLASSES):
    features = Features({image: Image(), label: ClassLabel(names=names)})
    labels = [names.index(name) for _, name in rows]
    return Dataset.from_dict({image: pictures(cases, rows), label: labels}, features=features)


def plain_labels(cases, rows, path, label=CLASSES.index):
    """A file without metadata, by default with numbers as classes."""
    struct = pa.struct([("bytes", pa.binary()), ("path", pa.string())])
    images = pa.array([{"bytes": cases.data(number), "path": None} for number, _ in rows], struct)
    pq.write_table(pa.table({"image": images, "label": [label(name) for _, name in rows]}), path)


def with_datasets(cases):
    rows, test = cases.rows(), cases.test_rows()
    for part in range(2):
        half = dataset(cases, rows[6 * part : 6 * part + 6])
        half.to_parquet(cases.path("hub", "data", f"train-0000{part}-of-00002.parquet"), batch_size=4)
    dataset(cases, test).to_parquet(cases.path("hub", "data", "test-00000-of-00001.parquet"))
    with open(cases.path("hub", "README.md"), "w") as file:
        file.write("# A dataset\n")
    cases.add("hub", train=rows, test=test)

    # The Hub's own conversion: a folder per configuration and split.
    for split, part in (("train", rows), ("validation", test)):
        dataset(cases, part).to_parquet(cases.path("converted", "default", split, "0000.parquet"))
    cases.add("converted", train=rows, validation=test)

    # Other names of the column, and names of classes in another order in the second file, which mean the same.
    dataset(cases, rows, image="img", label="labels").to_parquet(cases.path("orders", "train.parquet"))
    other = ["ship", "dog", "cat"]
    dataset(cases, test, image="img", label="labels", names=other).to_parquet(cases.path("orders", "test.parquet"))
    cases.add("orders", train=rows, test=test)

    fine = Features(
        {"img": Image(), "fine_label": ClassLabel(names=CLASSES), "coarse_label": ClassLabel(names=["animal", "thing"])}
    )
    columns = {
        "img": pictures(cases, rows),
        "fine_label": [CLASSES.index(name) for _, name in rows],
        "coarse_label": [int(name == "ship") for _, name in rows],
    }
    Dataset.from_dict(columns, features=fine).to_parquet(cases.path("fine.parquet"))
    cases.add("fine.parquet", train=rows)

    # Classes without pictures, and a test split whose labels are hidden.
    more = ["bird", *CLASSES, "truck"]
    dataset(cases, rows, names=more).to_parquet(cases.path("hidden", "train.parquet"))
    features = Features({"image": Image(), "label": ClassLabel(names=more)})
    hidden = {"image": pictures(cases, test), "label": [-1] * len(test)}
    Dataset.from_dict(hidden, features=features).to_parquet(cases.path("hidden", "test.parquet"))
    cases.add("hidden", train=rows)

    many = Features({"image": Image(), "mask": Image(), "label": ClassLabel(names=CLASSES)})
    labels = [CLASSES.index(name) for _, name in rows]
    columns = {"image": pictures(cases, rows), "mask": pictures(cases, rows[::-1]), "label": labels}
    Dataset.from_dict(columns, features=many).to_parquet(cases.path("masks.parquet"))
    cases.add("masks.parquet")

    boxes = Features({"image": Image(), "objects": List({"bbox": List(Value("float32")), "category": ClassLabel(names=CLASSES)})})
    objects = [[{"bbox": [0, 0, 8, 8], "category": label}] for label in labels]
    Dataset.from_dict({"image": pictures(cases, rows), "objects": objects}, features=boxes).to_parquet(
        cases.path("detection.parquet")
    )
    cases.add("detection.parquet")

    lists = Features({"images": List(Image()), "label": ClassLabel(names=CLASSES)})
    columns = {"images": [[picture] for picture in pictures(cases, rows)], "label": labels}
    Dataset.from_dict(columns, features=lists).to_parquet(cases.path("lists.parquet"))
    cases.add("lists.parquet")

    several = Features({"image": Image(), "labels": List(ClassLabel(names=CLASSES))})
    columns = {"image": pictures(cases, rows), "labels": [[label] for label in labels]}
    Dataset.from_dict(columns, features=several).to_parquet(cases.path("several.parquet"))
    cases.add("several.parquet")

    # Several classes in a row, and a column of something else.
    columns = {"image": pictures(cases, rows), "labels": [[label] for label in labels], "site": ["a", "b"] * 6}
    mixed = Features({"image": Image(), "labels": List(ClassLabel(names=CLASSES)), "site": Value("string")})
    Dataset.from_dict(columns, features=mixed).to_parquet(cases.path("several-and-more.parquet"))
    cases.add("several-and-more.parquet")

    # Parts of the training data whose names are in different orders, and one without names beside them.
    halves = [rows[:6], rows[6:]]
    for case in ("orders-in-parts", "unclear-names"):
        for part, names in enumerate((CLASSES, other)):
            dataset(cases, halves[part], names=names).to_parquet(cases.path(case, f"{part}.parquet"))
    cases.add("orders-in-parts", train=rows)
    plain_labels(cases, halves[0], cases.path("unclear-names", "2.parquet"))
    cases.add("unclear-names")

    # The first part does not name its classes, the second one does.
    plain_labels(cases, halves[0], cases.path("names-in-one", "0.parquet"))
    dataset(cases, halves[1]).to_parquet(cases.path("names-in-one", "1.parquet"))
    cases.add("names-in-one", train=rows)

    # Numbers in one part, texts in the other.
    plain_labels(cases, halves[0], cases.path("kinds", "0.parquet"))
    plain_labels(cases, halves[1], cases.path("kinds", "1.parquet"), lambda name: name)
    cases.add("kinds")

    # A class without a name.
    nameless = dataset(cases, rows)
    nameless = nameless.cast_column("label", ClassLabel(names=["cat", "", "ship"]))
    nameless.to_parquet(cases.path("nameless.parquet"))
    cases.add("nameless.parquet", train=[(number, str(CLASSES.index(name))) for number, name in rows])

    dataset(cases, rows).save_to_disk(cases.path("arrow", "train", ".")[:-2])
    cases.add("arrow")


def with_pandas(cases):
    rows = cases.rows()
    data = [cases.data(number) for number, _ in rows]
    names = [name for _, name in rows]

    frame = pd.DataFrame({"picture": data, "category": pd.Categorical(names)}, index=[f"row {i}" for i in range(len(rows))])
    frame.to_parquet(cases.path("categories.parquet"))
    cases.add("categories.parquet", train=rows)

    # A column with gaps is one of floats. The rows without a label are left out.
    missing = (4, 9)
    gaps = [None if i in missing else float(CLASSES.index(name)) for i, name in enumerate(names)]
    pd.DataFrame({"image": data, "label": gaps}).to_parquet(cases.path("gaps.parquet"))
    kept = [(number, str(CLASSES.index(name))) for i, (number, name) in enumerate(rows) if i not in missing]
    cases.add("gaps.parquet", train=kept)

    truths = [name == "ship" for name in names]
    pd.DataFrame({"image": data, "width": 32, "is_ship": truths, "label": truths}).to_parquet(cases.path("truths.parquet"))
    cases.add("truths.parquet", train=[(number, str(name == "ship").lower()) for number, name in rows])

    splits = ["test" if i % 4 == 3 else "train" for i in range(len(rows))]
    pd.DataFrame({"image": data, "species": names, "split": splits}).to_parquet(cases.path("split-column.parquet"))
    parts = {split: [row for row, own in zip(rows, splits) if own == split] for split in ("train", "test")}
    cases.add("split-column.parquet", **parts)

    odd = ["holdback" if split == "test" else split for split in splits]
    pd.DataFrame({"image": data, "species": names, "split": odd}).to_parquet(cases.path("split-unknown.parquet"))
    cases.add("split-unknown.parquet")

    tags = ["cat,dog" if i == 5 else name for i, name in enumerate(names)]
    pd.DataFrame({"image": data, "label": tags}).to_parquet(cases.path("tags.parquet"))
    cases.add("tags.parquet")

    # Numbers that a double cannot tell apart.
    ids = [2**53 + CLASSES.index(name) for name in names]
    pd.DataFrame({"image": data, "label": ids}).to_parquet(cases.path("ids.parquet"))
    cases.add("ids.parquet", train=[(number, str(label)) for (number, _), label in zip(rows, ids)])

    # Nearly each row of a file has another class, but not of all files.
    many = [(number, f"class {i:02}") for i, (number, _) in enumerate(rows * 2)]
    for part in range(2):
        frame = {"image": data * 2, "label": [name for _, name in many]}
        pd.DataFrame(frame).to_parquet(cases.path("many", f"part-{part}.parquet"))
    cases.add("many", train=many * 2)
    pd.DataFrame({"image": data * 2, "label": [name for _, name in many]}).to_parquet(cases.path("captions.parquet"))
    cases.add("captions.parquet")

    pd.DataFrame({"image": data, "colour": names, "shape": names[::-1]}).to_parquet(cases.path("unclear.parquet"))
    cases.add("unclear.parquet")
    pd.DataFrame({"image": data}).to_parquet(cases.path("unlabelled.parquet"))
    cases.add("unlabelled.parquet")
    pd.DataFrame({"text": names, "label": range(len(rows))}).to_parquet(cases.path("texts.parquet"))
    cases.add("texts.parquet")
    pd.DataFrame({"image": [f"images/{i}.jpg" for i in range(len(rows))], "label": names}).to_parquet(cases.path("paths.parquet"))
    cases.add("paths.parquet")
    pd.DataFrame({"image": data, "score": [i / 7 for i in range(len(rows))]}).to_parquet(cases.path("scores.parquet"))
    cases.add("scores.parquet")


def with_pyarrow(cases):
    rows = cases.rows()
    numbers = [CLASSES.index(name) for _, name in rows]
    struct = pa.struct([("bytes", pa.binary()), ("path", pa.string())])

    # Rows without a picture, without a structure, with an empty or unreadable one, and odd kinds of pictures.
    odd = [*cases.train[:6], *cases.odd, None, None, None, None]
    names = [name for _, name in rows[:6]] + ["cat"] * len(cases.odd) + ["dog"] * 4
    values = [{"bytes": cases.data(number), "path": None} for number in odd[:-4]]
    values += [None, {"bytes": None, "path": "a.jpg"}, {"bytes": b"", "path": None}, {"bytes": b"no picture", "path": None}]
    table = pa.table({"image": pa.array(values, struct), "label": names})
    pq.write_table(table, cases.path("odd.parquet"), row_group_size=5)
    cases.add("odd.parquet", train=list(zip(odd[:-4], names)))

    only = [{"bytes": None, "path": f"cats/{i}.jpg"} for i in range(len(rows))]
    pq.write_table(pa.table({"image": pa.array(only, struct), "label": numbers}), cases.path("only-paths.parquet"))
    cases.add("only-paths.parquet")

    plain = pa.table({"image": pa.array([cases.data(number) for number, _ in rows], pa.binary()), "label": numbers})
    train = [(number, str(CLASSES.index(name))) for number, name in rows]
    for compression in ("none", "snappy", "gzip", "zstd", "brotli", "lz4"):
        for version in ("1.0", "2.0"):
            case = f"{compression}-{version}.parquet"
            options = {"compression": compression, "data_page_version": version, "use_dictionary": version == "1.0"}
            pq.write_table(plain, cases.path(case), row_group_size=5, data_page_size=1500, write_batch_size=1, **options)
            cases.add(case, train=train)
    for encoding in ("DELTA_LENGTH_BYTE_ARRAY", "DELTA_BYTE_ARRAY"):
        case = f"{encoding.lower()}.parquet"
        encodings = {"image": encoding, "label": "DELTA_BINARY_PACKED"}
        pq.write_table(plain, cases.path(case), use_dictionary=False, column_encoding=encodings, write_page_index=True)
        cases.add(case, train=train)
    large = plain.set_column(0, "image", plain["image"].cast(pa.large_binary()))
    large = large.set_column(1, "label", pa.array([name for _, name in rows], pa.large_string()))
    pq.write_table(large, cases.path("large-types.parquet"), write_page_checksum=True)
    cases.add("large-types.parquet", train=rows)
    # A file of another program beside one of Hugging Face's: the numbers are the same, without their names.
    dataset(cases, rows).to_parquet(cases.path("unnamed", "train.parquet"))
    test = cases.test_rows()
    plain_labels(cases, test, cases.path("unnamed", "test.parquet"))
    cases.add("unnamed", train=rows, test=test)

    pixels = {f"pixel_{i}": numbers for i in range(64)}
    pq.write_table(pa.table({"label": numbers, **pixels}), cases.path("pixels.parquet"))
    cases.add("pixels.parquet")

    required = pa.schema([pa.field("image", pa.binary(), nullable=False), pa.field("label", pa.int8(), nullable=False)])
    pq.write_table(plain.cast(required), cases.path("required.parquet"))
    cases.add("required.parquet", train=train)
    pq.write_table(plain.slice(0, 0), cases.path("empty.parquet"))
    cases.add("empty.parquet")


def write(cases):
    disable_progress_bars()
    with_datasets(cases)
    with_pandas(cases)
    with_pyarrow(cases)
