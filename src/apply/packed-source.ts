// The pictures to augment if they are inside larger files, such as Parquet files. They are in the order of these, so that each
// is read from its beginning to its end.

import { createHash } from "node:crypto";
import { statSync } from "node:fs";
import { join } from "node:path";
import { readablePath, systemPath } from "../common/path-bytes.ts";
import { decodeList } from "../dataset/readers/decode-list.ts";
import {
  type ListedPicture,
  type PackedPictures,
  type PictureList,
  picturesOf,
} from "../dataset/readers/picture-list.ts";
import { extensionFor } from "./forms.ts";
import { classFolders, OutputStems } from "./names.ts";
import type { NamingOptions, Picture, PictureSource, SourceOptions } from "./source.ts";
import { resizedPath, sourceIn } from "./source-paths.ts";

/** A picture with its place in the larger files. */
type PackedPicture = ListedPicture & { readonly place: number };

/** The pictures of a list whose pictures are packed; they get class folders. */
export function packedSource(
  list: PictureList,
  notes: readonly string[],
  naming: NamingOptions,
  options: SourceOptions,
): PictureSource {
  const { root, classNames, skipped } = list;
  const packed = list.packed!;
  const listed = picturesOf(list).map((picture) => ({ ...picture, place: picture.place! }));
  const splits = [...new Set(listed.map(({ split }) => split))];
  const inOrder = splits.flatMap((split) =>
    listed.filter((picture) => picture.split === split).sort((a, b) => a.place - b.place),
  );
  const folders = classFolders(classNames);
  const outputOf = ({ split, label, place }: PackedPicture) => {
    const above = splits.length > 1 ? `${split}/${folders[label]}` : folders[label];
    return `${above}/${packed.outputOf(place)}`;
  };
  const nameOf = ({ source }: Pick<Picture, "source">) => readablePath(join(root, source));
  const hash = createHash("sha256");
  for (const path of packed.files)
    hash.update(`${JSON.stringify([sourceIn(root)(path), statSync(systemPath(path)).size])}\n`);
  for (const picture of inOrder)
    hash.update(`${JSON.stringify([outputOf(picture), classNames[picture.label]])}\n`);
  return {
    classNames,
    count: inOrder.length,
    digest: hash.digest("hex"),
    skipped,
    notes: [...notes, ...list.notes],
    hasSplitFolders: splits.length > 1,
    pictures: () => packedPictures(list, inOrder, outputOf, naming),
    load: (pictures) => loaded(pictures, packed, nameOf),
    keys: () => keysOf(list, inOrder, options),
    nameOf,
  };
}

function* packedPictures(
  { root, classNames }: PictureList,
  pictures: readonly PackedPicture[],
  outputOf: (picture: PackedPicture) => string,
  { form, isResized }: NamingOptions,
): Generator<Picture> {
  const isOneExtension = form.as === "folders" && form.format !== "input" && !isResized;
  const stems = new OutputStems(pictures.map(outputOf), isOneExtension ? extensionFor(form) : "any");
  for (const [index, picture] of pictures.entries()) {
    const { path, split, label, place } = picture;
    const output = outputOf(picture);
    const stem = stems.take(output);
    const extension = extensionFor(form, output);
    const original = isResized ? resizedPath(stem, output, extension) : output;
    const source = sourceIn(root)(path);
    const className = classNames[label];
    yield { index, source, split, className, label, original, stem, extension, bytes: 0, content: { place } };
  }
}

/** Reads the pictures in the order in which they are given. */
async function* loaded<Some extends Picture>(
  pictures: Iterable<Some>,
  packed: PackedPictures,
  nameOf: (picture: Some) => string,
): AsyncGenerator<Some, void, void> {
  const waiting: Some[] = [];
  function* places() {
    for (const picture of pictures) {
      if (!("place" in picture.content)) continue;
      waiting.push(picture);
      yield picture.content.place;
    }
  }
  for await (const file of packed.read(places())) {
    const picture = waiting.shift()!;
    const bytes = "bytes" in file ? file.bytes.length : 0;
    yield { ...picture, bytes, content: { name: nameOf(picture), file } };
  }
}

async function keysOf(
  list: PictureList,
  inOrder: readonly PackedPicture[],
  { workers, onProgress, signal }: SourceOptions,
): Promise<string[]> {
  const keys = new Map<number, string>();
  const listed = picturesOf(list);
  const report: SourceOptions["onProgress"] = (progress) =>
    onProgress?.({ ...progress, stage: "comparing pictures" });
  const settings = { workers, onProgress: report, signal };
  await decodeList(list, { digestsOnly: true }, settings, (file, index) => {
    // A picture that cannot be decoded is like no other one.
    const key = "digest" in file ? `${file.height} ${file.width} ${file.digest}` : listed[index].path;
    keys.set(listed[index].place!, key);
  });
  return inOrder.map(({ place }) => keys.get(place)!);
}
