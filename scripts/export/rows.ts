// The rows of the comparison: distributions of what an exported module draws, and pixels at equal parameters.

import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { renderChainInto } from "../../src/augment/chain.ts";
import { type RedrawnStep, redrawInto } from "../../src/augment/redraw.ts";
import { REGISTRY } from "../../src/augment/registry.ts";
import type { DrawnParameters } from "../../src/augment/technique.ts";
import { Random, seedOf } from "../../src/common/random.ts";
import { RECIPES } from "../../src/config/recipes.ts";
import { EXTENDED_TECHNIQUES, type TechniqueName, usesMagnitude } from "../../src/config/techniques.ts";
import { FRAMEWORKS, type Framework, MODULE } from "../../src/export/frameworks.ts";
import { type ModuleContent, moduleOf } from "../../src/export/module.ts";
import { createBatch, type ImageBatch, imageAt } from "../../src/image/batch.ts";
import { PythonPeer } from "../bench/python-peer.ts";
import {
  type Comparison,
  comparePixels,
  compareSamples,
  type ImageMeasures,
  measureImages,
} from "../imgaug/measures.ts";

export const MAGNITUDES = [0.1, 0.5, 1] as const;

/** Differences in grey levels that do not matter. */
export const NEGLIGIBLE = 0.5;

/** Of pixels at equal parameters: the largest share of values that may differ by 1. */
export const LARGEST_SHARE = 0.1;

const STATISTICS = ["mean", "deviation", "change", "colour", "grain"] as const;

export interface DistributionRow {
  /** A technique at a magnitude, or a recipe. */
  readonly name: string;
  readonly magnitude?: number;
  /** Of each framework, the statistic that differs most. */
  readonly worst: Readonly<Record<Framework, Comparison>>;
}

export interface PixelRow {
  readonly technique: TechniqueName;
  readonly cases: number;
  /** The largest difference and the share of values that differ, without and with OpenCV. */
  readonly plain: { readonly largest: number; readonly different: number };
  readonly opencv: { readonly largest: number; readonly different: number };
}

/** The techniques whose parameters say everything: without noise. */
const DETERMINED = EXTENDED_TECHNIQUES.filter((name) => !/noise|dropout|salt|fog|clouds/.test(name));

export class Rows {
  readonly versions: Readonly<Record<string, string>>;
  readonly #peer: PythonPeer;
  readonly #folder: string;
  #modules = 0;

  private constructor(versions: Record<string, string>, peer: PythonPeer, folder: string) {
    this.versions = versions;
    this.#peer = peer;
    this.#folder = folder;
  }

  /** Starts `python`, which needs the packages of requirements.txt; modules and images are exchanged in `folder`. */
  static async start(python: string, folder: string): Promise<Rows> {
    const script = fileURLToPath(new URL("render.py", import.meta.url));
    const peer = await PythonPeer.start(python, ["-W", "ignore", script]);
    return new Rows((await peer.answer()) as Record<string, string>, peer, folder);
  }

  close(): void {
    this.#peer.close();
  }

  /** Each technique at each magnitude and each recipe, drawn `passes` times for every image by both sides. */
  async distributions(images: ImageBatch, passes: number): Promise<DistributionRow[]> {
    const techniques = EXTENDED_TECHNIQUES.flatMap((type) => {
      const magnitudes: readonly (number | undefined)[] = usesMagnitude(type) ? MAGNITUDES : [undefined];
      return magnitudes.map((magnitude) => {
        const chains = [[{ type, magnitude: magnitude ?? 0.5 }]];
        const content: ModuleContent = { policies: [{ chains, portion: 1, redrawn: true }] };
        return { name: type, magnitude, content };
      });
    });
    const recipes = RECIPES.map((recipe) => ({
      name: recipe,
      magnitude: undefined,
      content: { recipe, policies: [] } as ModuleContent,
    }));
    const rows: DistributionRow[] = [];
    for (const { name, magnitude, content } of [...techniques, ...recipes]) {
      process.stderr.write(`${name} ${magnitude ?? ""}\n`);
      rows.push({ name, magnitude, worst: await this.#compare(images, content, passes) });
    }
    return rows;
  }

  async #compare(
    images: ImageBatch,
    content: ModuleContent,
    passes: number,
  ): Promise<Record<Framework, Comparison>> {
    const { recipe, policies } = content;
    const steps: RedrawnStep[] = recipe ? [{ recipe }] : [{ policy: policies[0] }];
    const indices = Array.from({ length: images.count }, (_, i) => i);
    const original = measureImages(images, images);
    const ours = Array.from({ length: passes }, (_, pass) => {
      const drawn = createBatch(images.count, images.height, images.width);
      redrawInto(drawn, images, indices, steps, seedOf("export comparison", pass));
      return measureImages(drawn, images);
    });
    const worst = {} as Record<Framework, Comparison>;
    for (const framework of FRAMEWORKS) {
      const module = this.#write(moduleOf(content, framework, false));
      const theirs: ImageMeasures[] = [];
      for (let pass = 0; pass < passes; pass++) {
        const job = { module, framework, seed: 1000 * this.#modules + pass };
        theirs.push(measureImages(await this.#render(images, job), images));
      }
      const comparisons = STATISTICS.map((name) => {
        const changes = (all: ImageMeasures[]) =>
          Float64Array.from(
            all.flatMap((one) => [...one[name].map((value, i) => value - original[name][i])]),
          );
        return compareSamples(changes(ours), changes(theirs), NEGLIGIBLE, true);
      });
      const outside = comparisons.filter(({ inside }) => !inside);
      worst[framework] = (outside.length > 0 ? outside : comparisons).reduce((most, one) =>
        one.kolmogorov > most.kolmogorov ? one : most,
      );
    }
    return worst;
  }

  /** Techniques without noise, with the parameters that ours draw at `cases` magnitudes. */
  async pixels(images: ImageBatch, cases: number, scale: number): Promise<PixelRow[]> {
    const module = this.#write(moduleOf({ policies: [] }, "numpy", false));
    const rows: PixelRow[] = [];
    for (const technique of DETERMINED) {
      process.stderr.write(`pixels of ${technique}\n`);
      const found = { plain: { largest: 0, different: 0 }, opencv: { largest: 0, different: 0 } };
      for (let i = 0; i < cases; i++) {
        const random = new Random("export comparison", technique, i);
        const parameters = REGISTRY[technique].draw((i + 1) / cases, { ...images, scale }, random);
        const ours = this.#rendered(images, technique, parameters);
        for (const way of ["plain", "opencv"] as const) {
          const job = { module, technique, parameters, opencv: way === "opencv" };
          const { largest, different } = comparePixels(ours.data, (await this.#render(images, job)).data);
          found[way].largest = Math.max(found[way].largest, largest);
          found[way].different += different / cases;
        }
      }
      rows.push({ technique, cases, ...found });
    }
    return rows;
  }

  #rendered(images: ImageBatch, type: TechniqueName, parameters: DrawnParameters): ImageBatch {
    const ours = createBatch(images.count, images.height, images.width);
    for (let i = 0; i < images.count; i++)
      renderChainInto(imageAt(images, i), imageAt(ours, i), images, [{ type, parameters }]);
    return ours;
  }

  /** Writes a module of its own and returns its path. */
  #write(text: string): string {
    const folder = join(this.#folder, String(this.#modules++));
    mkdirSync(folder);
    const path = join(folder, `${MODULE}.py`);
    writeFileSync(path, text);
    return path;
  }

  async #render(images: ImageBatch, job: object): Promise<ImageBatch> {
    const [input, out] = [join(this.#folder, "in.bin"), join(this.#folder, "out.bin")];
    writeFileSync(input, images.data);
    const { height, width } = images;
    await this.#peer.ask({ ...job, images: input, out, height, width });
    return { ...images, data: new Uint8Array(readFileSync(out)) };
  }
}
