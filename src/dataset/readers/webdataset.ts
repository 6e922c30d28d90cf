// Pictures in WebDataset shards: tar archives in which files with the same key are one sample, `0001.jpg` and `0001.cls`. One
// archive, or a folder of them, whose names, or those of their folders, say the splits.

import { statSync } from "node:fs";
import { UsageError } from "../../common/errors.ts";
import { readablePath } from "../../common/path-bytes.ts";
import type { SkippedFile } from "../dataset.ts";
import type { SplitName } from "../reader.ts";
import { startOfFile } from "./arrays/bytes.ts";
import { whyUnsupported } from "./arrays/kinds.ts";
import { isCifarFile } from "./cifar.ts";
import { LayoutError } from "./layout-error.ts";
import { arrangePacked, type PackedSamples } from "./packed/arrange.ts";
import { findPacked, firstPacked, inFolder, type PackedFile } from "./packed/find-packed.ts";
import { areWhole, HIDDEN, withoutHidden } from "./packed/hidden.ts";
import type { TarPlaces } from "./packed/places.ts";
import type { PackedContent, PictureList } from "./picture-list.ts";
import { type ListOptions, pictureReader } from "./pictures.ts";
import { checkSingleClasses } from "./single-classes.ts";
import { checkClassColumn } from "./tables/columns.ts";
import { type ClassNames, namesBeside } from "./webdataset/class-names.ts";
import {
  classOf,
  judgeSamples,
  type LabelPlace,
  placeName,
  placeOfLabels,
  type SplitOfSample,
  splitsOfSamples,
} from "./webdataset/labels.ts";
import { isPicture, type NamedRange, partsOf, type Sample, samplesIn } from "./webdataset/samples.ts";
import { membersOf, readRanges, type TarRange } from "./webdataset/tar.ts";

const SHARDS = {
  called: "tar archives",
  isNamed: (name: string) => /\.(tar(\.(gz|zst|bz2|xz))?|tgz)$/i.test(name),
};

/** Reads shards, and folders of them; other archives are left to other readers. */
export const webdatasetReader = pictureReader({
  reads: "a tar archive of pictures with labels (WebDataset)",
  uses: "columns",
  recognises: async (path) => {
    if (!statSync(path).isDirectory()) return SHARDS.isNamed(path) && (await isShard(path));
    const first = firstPacked(path, SHARDS);
    return first !== undefined && (await isShard(first));
  },
  list: listShards,
});

/** Pictures that a sample may reasonably have. */
const MOST_PICTURES = 4;

/** Members and bytes by which an archive is judged. */
const FEW_MEMBERS = 100;
const BEGINNING = 2 ** 24;

/** Whether the first files of an archive include a picture, and none of CIFAR's; or it cannot be known. */
async function isShard(path: string): Promise<boolean> {
  if (whyUnsupported(path) !== undefined) return true;
  let members = 0;
  try {
    for await (const { name, start, content } of membersOf(path, () => false)) {
      if (isCifarFile(name) || ++members > FEW_MEMBERS || start > BEGINNING) return false;
      const parts = partsOf(name);
      if (parts && isPicture({ name, content })) return true;
    }
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    // The reader that takes it reports what is wrong.
  }
  return false;
}

/** A sample with the picture to classify. */
interface PictureSample extends Sample {
  readonly picture: NamedRange;
}

/** What is kept of a sample. */
interface LabelledPicture {
  readonly picture: NamedRange;
  /** Undefined if it has none. */
  readonly className: string | undefined;
  readonly split: SplitName;
}

interface Shard extends PackedFile {
  /** In the order of their pictures. */
  readonly samples: readonly LabelledPicture[];
}

/** How the samples of all shards are read, as the first shard with training pictures has it. */
interface Reading {
  /** The path of that shard. */
  readonly main: string;
  readonly place: LabelPlace;
  readonly splitOf: SplitOfSample;
}

/** @throws UsageError, one line, if a shard is damaged, or the pictures or labels in it are missing or unclear. */
async function listShards(path: string, options: ListOptions): Promise<PictureList> {
  const { columns: choice = {}, onProgress, signal } = options;
  const { root, files: found, skipped: others, notes } = findPacked(path, SHARDS);
  const skipped: SkippedFile[] = [...others];
  const allNotes = [...notes];
  const shards: Shard[] = [];
  let reading: Reading | undefined;
  for (const [i, file] of found.entries()) {
    onProgress?.({ stage: "reading archives", done: i, total: found.length, unit: "files" });
    const all = await samplesIn(file.path, skipped, allNotes, signal);
    const shown = readablePath(file.path);
    const samples = withPictures(all, shown, choice.image);
    // Those of training come first.
    if (!reading && file.split === "train" && samples.length > 0) {
      const judged = judgeSamples(samples);
      const place = placeOfLabels(judged, shown, choice.label);
      reading = { main: file.path, place, splitOf: splitsOfSamples(judged, shown) };
    }
    shards.push({ ...file, samples: reading ? labelledIn(samples, file, reading) : [] });
  }
  if (!reading)
    throw new LayoutError(`${readablePath(path)} has no pictures for training: the archives are empty`, path);
  const { place } = reading;
  const training = shards.flatMap(({ samples }) => samples.filter(({ split }) => split === "train"));
  const classes = training.flatMap(({ className }) => className ?? []);
  const different = new Set(classes);
  const known = new Set([...different].filter((each) => each !== String(HIDDEN)));
  const named = namesBeside(root, known, allNotes);
  const shown = readablePath(reading.main);
  const what = `the content of ${placeName(place)}`;
  const fix = "set label_column to what does, such as .cls";
  if (!named) checkClassColumn(shown, what, different.size, classes.length, fix);
  const setting = place.field ?? `.${place.extension}`;
  const isChosen = choice.label !== undefined;
  allNotes.push(...checkSingleClasses({ path: shown, what, classes: different, setting, isChosen }));
  const packed = shards.map((shard) => toPacked(shard, place, named, root));
  const areNumbers = areWhole(packed.flatMap((each) => each.classes));
  return arrangePacked({
    ...{ given: path, root, skipped, notes: allNotes },
    files: areNumbers ? withoutHidden(packed, allNotes) : packed,
    ...(named && { classOrder: named.names.filter((name) => name !== undefined) }),
  });
}

function labelledIn(
  samples: readonly PictureSample[],
  { path, split }: PackedFile,
  { place, splitOf }: Reading,
): LabelledPicture[] {
  const shown = readablePath(path);
  return samples.map((sample) => ({
    picture: sample.picture,
    className: classOf(sample, place),
    split: splitOf(sample, shown) ?? split,
  }));
}

/** The samples that have a picture, with this. @throws UsageError if one has several. */
function withPictures(
  samples: readonly Sample[],
  shown: string,
  wanted: string | undefined,
): PictureSample[] {
  const found = samples.flatMap((sample): PictureSample[] => {
    const { pictures } = sample;
    if (wanted === undefined && pictures.size > 1) {
      const list = extensionsOf(pictures);
      const fix =
        pictures.size > MOST_PICTURES
          ? "the extension begins at the first dot of a name: rename the files if their names have more"
          : "set image_column to the one to classify";
      throw new UsageError(`${shown}: a sample has several pictures (${sample.key}: ${list}): ${fix}`);
    }
    const [first] = pictures.values();
    const picture = wanted === undefined ? first : pictures.get(wanted.replace(/^\./, "").toLowerCase());
    return picture ? [{ ...sample, picture }] : [];
  });
  const any = samples.find(({ pictures }) => pictures.size > 0);
  if (wanted !== undefined && any && found.length === 0) {
    throw new UsageError(
      `${shown}: image_column is "${wanted}", but the pictures are ${extensionsOf(any.pictures)}`,
    );
  }
  return found.sort((a, b) => a.picture.start - b.picture.start);
}

function extensionsOf(pictures: ReadonlyMap<string, unknown>): string {
  const all = [...pictures.keys()].map((extension) => `.${extension}`);
  return all.length > MOST_PICTURES ? `${all.slice(0, MOST_PICTURES).join(", ")}, …` : all.join(", ");
}

function toPacked(
  { path, split, samples }: Shard,
  place: LabelPlace,
  named: ClassNames | undefined,
  root: string,
): PackedSamples {
  const isPlain = startOfFile(path).compression === undefined;
  const places = new Map<string, number>();
  const labels = Int32Array.from(samples, ({ className: text }) => {
    if (text === undefined || (named && text === String(HIDDEN))) return -1;
    const isNumber = named !== undefined && /^\d+$/.test(text);
    const name = isNumber ? (named.names[Number(text)] ?? text) : text;
    const label = places.get(name) ?? places.size;
    places.set(name, label);
    return label;
  });
  const stem = inFolder(root, path)
    .replace(/\.(tar(\.\w+)?|tgz)$/i, "")
    .replaceAll("/", "_");
  const [first] = samples;
  return {
    ...{ path, split, labels, classes: [...places.keys()], splits: samples.map((sample) => sample.split) },
    table: {
      imageColumn: first ? `.${partsOf(first.picture.name)?.extension}` : "",
      labelColumns: [placeName(place)],
      ...(named && { classNames: named.file }),
    },
    nameOf: (name, sample) => `${name}: ${samples[sample].picture.name}`,
    fileOf: (sample) => `${stem}_${samples[sample].picture.name.replaceAll("/", "_")}`,
    read: (wanted) => readPictures(path, samples, wanted),
    ...(isPlain && { placesOf: (wanted, most) => placesOf(path, samples, wanted, most) }),
  };
}

async function* placesOf(
  path: string,
  samples: readonly LabelledPicture[],
  wanted: Iterable<number>,
  most: number,
): AsyncGenerator<TarPlaces, void, void> {
  let items: TarRange[] = [];
  for (const sample of wanted) {
    const { start, size } = samples[sample].picture;
    items.push({ start, size });
    if (items.length < most) continue;
    yield { kind: "tar", path, items };
    items = [];
  }
  if (items.length > 0) yield { kind: "tar", path, items };
}

async function* readPictures(
  path: string,
  samples: readonly LabelledPicture[],
  wanted: Iterable<number>,
): AsyncGenerator<PackedContent, void, void> {
  const ranges = function* () {
    for (const sample of wanted) yield samples[sample].picture;
  };
  for await (const bytes of readRanges(path, ranges())) yield { bytes };
}
