// Runs imgaug in a separate Python process (render.py), which renders images job by job.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import type { DrawnParameters } from "../../src/augment/technique.ts";
import { RunError, systemReason } from "../../src/common/errors.ts";
import type { TechniqueName } from "../../src/config/techniques.ts";
import type { ImageBatch } from "../../src/image/batch.ts";

/** The technique as imgaug implements it, or without the one known difference from our specification. */
export type Variant = "imgaug" | "adjusted";

export interface Job {
  readonly technique: TechniqueName;
  readonly variant: Variant;
  /** Either parameters are drawn at this magnitude, */
  readonly magnitude?: number;
  /** or all images have these parameters. */
  readonly parameters?: DrawnParameters;
}

const SCRIPT = fileURLToPath(new URL("render.py", import.meta.url));
const REQUIREMENTS = "scripts/imgaug/requirements.txt";

export class Imgaug {
  /** Versions of Python and the packages, by name. */
  readonly versions: Readonly<Record<string, string>>;
  readonly #ask: (job: object) => Promise<void>;
  readonly #end: () => void;
  readonly #folder: string;
  #jobs = 0;

  private constructor(
    versions: Record<string, string>,
    ask: (job: object) => Promise<void>,
    end: () => void,
    folder: string,
  ) {
    this.versions = versions;
    this.#ask = ask;
    this.#end = end;
    this.#folder = folder;
  }

  /**
   * Starts `python`; images are exchanged through files in `folder`.
   * @throws RunError if it cannot be started or lacks the required packages.
   */
  static async start(python: string, folder: string): Promise<Imgaug> {
    const child = spawn(python, [SCRIPT], { stdio: ["pipe", "pipe", "inherit"] });
    const failed = once(child, "error").then(([error]) => {
      throw new RunError(
        `cannot start ${python}: ${systemReason(error)}; set --python to a Python executable`,
      );
    });
    failed.catch(() => {});
    const answers = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
    const answer = async () => {
      const { value, done } = await Promise.race([answers.next(), failed]);
      if (!done) return value;
      throw new RunError(
        `${python} ended early for the reason above; it must be Python 3.11 with the packages in ${REQUIREMENTS}`,
      );
    };
    const ask = async (job: object) => {
      child.stdin.write(`${JSON.stringify(job)}\n`);
      await answer();
    };
    return new Imgaug(JSON.parse(await answer()), ask, () => child.stdin.end(), folder);
  }

  /** Applies the job to `images` [count, height, width, 3]; returns a new batch. */
  async render(images: ImageBatch, job: Job): Promise<ImageBatch> {
    const input = join(this.#folder, "in.bin");
    const output = join(this.#folder, "out.bin");
    writeFileSync(input, images.data);
    this.#jobs++;
    const { height, width } = images;
    await this.#ask({ ...job, images: input, height, width, out: output, seed: this.#jobs });
    return { ...images, data: new Uint8Array(readFileSync(output)) };
  }

  close(): void {
    this.#end();
  }
}
