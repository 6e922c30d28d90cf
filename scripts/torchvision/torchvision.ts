// Runs torchvision in a separate Python process (render.py), which renders images job by job.

import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { PillowOperation } from "../../src/augment/pillow-space.ts";
import type { RecipeName } from "../../src/config/recipes.ts";
import type { ImageBatch } from "../../src/image/batch.ts";
import type { OperationCase } from "../../test/fixtures/torchvision.ts";
import { PythonPeer } from "../bench/python-peer.ts";

const SCRIPT = fileURLToPath(new URL("render.py", import.meta.url));

export class Torchvision {
  /** Versions of Python and the packages, by name. */
  readonly versions: Readonly<Record<string, string>>;
  readonly #peer: PythonPeer;
  readonly #folder: string;

  private constructor(versions: Record<string, string>, peer: PythonPeer, folder: string) {
    this.versions = versions;
    this.#peer = peer;
    this.#folder = folder;
  }

  /**
   * Starts `python`, which needs the packages of requirements.txt; images are exchanged through files in `folder`.
   * @throws UsageError if there is no such Python; RunError if it ends, after printing the reason.
   */
  static async start(python: string, folder: string): Promise<Torchvision> {
    const peer = await PythonPeer.start(python, ["-W", "ignore", SCRIPT]);
    return new Torchvision((await peer.answer()) as Record<string, string>, peer, folder);
  }

  async operation(images: ImageBatch, operation: OperationCase): Promise<ImageBatch> {
    return (await this.#render(images, { job: "operation", ...operation })).result;
  }

  /** Padding of an eighth of each side, and a crop from there. */
  async crop(images: ImageBatch, top: number, left: number): Promise<ImageBatch> {
    return (await this.#render(images, { job: "crop", top, left })).result;
  }

  /** The recipe, drawn for every image, and the operations that automatic augmentations drew. */
  async recipe(
    images: ImageBatch,
    name: RecipeName,
    seed: number,
  ): Promise<{ result: ImageBatch; operations: readonly (readonly PillowOperation[])[] }> {
    const { result, answer } = await this.#render(images, { job: "recipe", name, seed });
    return { result, ...(answer as { operations: PillowOperation[][] }) };
  }

  /** Processor time per image, in seconds. */
  async seconds(images: ImageBatch, name: RecipeName): Promise<number> {
    const answer = await this.#ask(images, { job: "time", name });
    return (answer as { seconds: number }).seconds;
  }

  close(): void {
    this.#peer.close();
  }

  async #render(images: ImageBatch, job: object): Promise<{ result: ImageBatch; answer: unknown }> {
    const out = join(this.#folder, "out.bin");
    const answer = await this.#ask(images, { ...job, out });
    return { result: { ...images, data: new Uint8Array(readFileSync(out)) }, answer };
  }

  #ask(images: ImageBatch, job: object): Promise<unknown> {
    const input = join(this.#folder, "in.bin");
    writeFileSync(input, images.data);
    const { height, width } = images;
    return this.#peer.ask({ ...job, images: input, height, width });
  }
}
