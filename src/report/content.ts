// What the page of a report is given: the report, and pictures of the user's own images.

import { existsSync } from "node:fs";
import { join } from "node:path";
import { EVALUATION } from "../config/evaluation.ts";
import { loadConfig, loadKeys } from "../config/load.ts";
import { dataSettings } from "../dataset/reader.ts";
import { evaluationPath, hasEvaluation } from "../evaluate/results.ts";
import { readGivenPolicies } from "../pipelines/given.ts";
import type { PageContent, Pictures, Report } from "./contents.ts";
import { openPictures, type PictureRequest, picturesOf } from "./pictures.ts";
import { reportOf } from "./report.ts";
import { winnerOf } from "./winner.ts";

export interface ContentOptions {
  /** Whether the page gets updates. */
  readonly isLive?: boolean;
  readonly signal?: AbortSignal;
}

/** Makes the content of one folder's page, again and again: data are opened once, and pictures drawn only if others are shown. */
export class ContentMaker {
  readonly #folder: string;
  readonly #options: ContentOptions;
  #source: ReturnType<typeof openPictures> | undefined;
  #pictures: { readonly key: string; readonly made: Pictures } | undefined;

  constructor(folder: string, options: ContentOptions = {}) {
    this.#folder = folder;
    this.#options = options;
  }

  /** @throws UsageError like `reportOf`; InterruptedError on abort. */
  async make(): Promise<PageContent> {
    const report = reportOf(this.#folder);
    const pictures = await this.#picturesOf(report);
    const { isLive = false } = this.#options;
    return { report, pictures, madeAt: new Date().toISOString(), isLive };
  }

  async #picturesOf(report: Report): Promise<Pictures> {
    const request = requestOf(report, this.#options.signal);
    const { signal: _, ...from } = request;
    const key = JSON.stringify(from);
    if (this.#pictures?.key !== key) {
      const open = (opened: PictureRequest) => {
        this.#source ??= openPictures(opened);
        return this.#source;
      };
      this.#pictures = { key, made: await picturesOf(request, open) };
    }
    return this.#pictures.made;
  }
}

function requestOf({ folder, kind, search, evaluation }: Report, signal?: AbortSignal): PictureRequest {
  const file = join(folder, "config.yaml");
  const config = kind === "experiment" ? loadConfig({ file }) : loadKeys(EVALUATION, { file });
  const evaluated = kind === "experiment" && hasEvaluation(folder) ? evaluationPath(folder) : folder;
  const path = [evaluated, folder]
    .map((each) => join(each, "policies.json"))
    .find((each) => existsSync(each));
  const policies = path === undefined ? undefined : readGivenPolicies(path);
  return {
    data: config.data,
    settings: dataSettings(config),
    seed: config.seed,
    winner: winnerOf(evaluation?.recommended ?? null, policies),
    importance: search?.importance ?? [],
    judgedShape: policies?.dataset?.imageShape ?? null,
    ...(signal && { signal }),
  };
}
