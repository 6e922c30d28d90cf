// How a worker writes: one file per picture, atomically; or the records of a task, one after another, into one file
// that the parent moves to its place.

import { closeSync, openSync } from "node:fs";
import { join } from "node:path";
import { RunError, systemReason } from "../common/errors.ts";
import { writeAll, writeFileWhole } from "../common/files.ts";
import { encodeJpeg, encodePng } from "../image/codec.ts";
import { type FormSettings, isJpegPath } from "./forms.ts";
import { augmentedPath } from "./names.ts";
import type { Picture } from "./source.ts";
import type { ApplyTask, TaskOutput } from "./task.ts";

/** The pixels to write: [height, width, channels]. */
export interface OutputPixels {
  readonly data: Uint8Array;
  readonly height: number;
  readonly width: number;
  readonly channels: 1 | 3;
}

export interface OutputWriter {
  /** @param file the bytes of the picture's file, if it comes from one. @throws RunError */
  writeOriginal(picture: Picture, pixels: OutputPixels, file: Uint8Array | undefined): Promise<TaskOutput>;
  /** @param chain from 1; undefined if the policy has only one. @throws RunError */
  writeCopy(
    picture: Picture,
    pixels: OutputPixels,
    copy: number,
    chain: number | undefined,
  ): Promise<TaskOutput>;
  close(): void;
}

export function openWriter({ out, settings, records }: ApplyTask): OutputWriter {
  const { form } = settings;
  return form.as === "folders" ? new PictureWriter(out, form) : new RecordWriter(records, form);
}

/** One file per picture, in the format of its path. Originals whose files are given are copied byte for byte. */
class PictureWriter implements OutputWriter {
  readonly #out: string;
  readonly #form: FormSettings & { readonly as: "folders" };

  constructor(out: string, form: FormSettings & { readonly as: "folders" }) {
    this.#out = out;
    this.#form = form;
  }

  async writeOriginal(
    picture: Picture,
    pixels: OutputPixels,
    file: Uint8Array | undefined,
  ): Promise<TaskOutput> {
    return this.#write(picture.original, file ?? (await this.#encode(pixels, picture.original)));
  }

  async writeCopy(
    { stem, extension }: Picture,
    pixels: OutputPixels,
    copy: number,
    chain: number | undefined,
  ): Promise<TaskOutput> {
    const output = augmentedPath(stem, copy, chain, extension);
    return this.#write(output, await this.#encode(pixels, output));
  }

  close(): void {}

  #encode({ data, height, width, channels }: OutputPixels, path: string): Promise<Uint8Array> {
    if (this.#form.format === "png" || !isJpegPath(path)) return encodePng(data, height, width, channels);
    return encodeJpeg(data, height, width, this.#form.quality, channels);
  }

  #write(output: string, bytes: Uint8Array): TaskOutput {
    writeFileWhole(join(this.#out, output), bytes, { flush: false });
    return { output, bytes: bytes.length };
  }
}

/** All records of a task in one file. */
class RecordWriter implements OutputWriter {
  readonly #path: string;
  readonly #form: FormSettings;
  #file: number | undefined;

  constructor(path: string, form: FormSettings) {
    this.#path = path;
    this.#form = form;
  }

  async writeOriginal({ label }: Picture, pixels: OutputPixels): Promise<TaskOutput> {
    return this.#write(label, pixels);
  }

  async writeCopy({ label }: Picture, pixels: OutputPixels): Promise<TaskOutput> {
    return this.#write(label, pixels);
  }

  close(): void {
    if (this.#file !== undefined) closeSync(this.#file);
    this.#file = undefined;
  }

  #write(label: number, pixels: OutputPixels): TaskOutput {
    const record = this.#form.as === "cifar10" ? cifarRecord(label, pixels) : pixels.data;
    try {
      // A task that is run again starts from scratch.
      this.#file ??= openSync(this.#path, "w");
      writeAll(this.#file, record);
    } catch (error) {
      throw new RunError(`cannot write ${this.#path}: ${systemReason(error)}`);
    }
    return { output: "", bytes: record.length };
  }
}

/** The label, then the red, green and blue planes. */
function cifarRecord(label: number, { data, height, width }: OutputPixels): Uint8Array {
  const plane = height * width;
  const record = new Uint8Array(1 + 3 * plane);
  record[0] = label;
  for (let i = 0; i < plane; i++) {
    record[1 + i] = data[3 * i];
    record[1 + plane + i] = data[3 * i + 1];
    record[1 + 2 * plane + i] = data[3 * i + 2];
  }
  return record;
}
