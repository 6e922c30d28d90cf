"""Packs the class folders of the benchmark into larger files, as users do.

    python scripts/bench/pack_pictures.py <class folders> <output>      (Python with scripts/packed/requirements.txt)

Writes `<output>/train.parquet` by Hugging Face's `datasets`, `<output>/frame.parquet` by pandas (one row group), and
`<output>/train.tar` by `webdataset`; the pictures' bytes are not changed.
"""

import os
import sys

import pandas as pd
import webdataset
from datasets import ClassLabel, Dataset, Features, Image, disable_progress_bars


def main(folder, output):
    disable_progress_bars()
    names = sorted(os.listdir(folder))
    rows = []
    for label, name in enumerate(names):
        for file in sorted(os.listdir(os.path.join(folder, name))):
            with open(os.path.join(folder, name, file), "rb") as opened:
                rows.append((opened.read(), label))
    features = Features({"image": Image(), "label": ClassLabel(names=names)})
    columns = {"image": [{"bytes": data, "path": None} for data, _ in rows], "label": [label for _, label in rows]}
    Dataset.from_dict(columns, features=features).to_parquet(os.path.join(output, "train.parquet"))
    frame = pd.DataFrame({"image": [data for data, _ in rows], "label": [names[label] for _, label in rows]})
    frame.to_parquet(os.path.join(output, "frame.parquet"))
    with webdataset.TarWriter(os.path.join(output, "train.tar")) as sink:
        for number, (data, label) in enumerate(rows):
            sink.write({"__key__": f"{number:06}", "jpg": data, "cls": label})


if __name__ == "__main__":
    main(*sys.argv[1:])
