// Shows the effect of a policy on some of the user's pictures: each beside several draws of the policy. They are the
// draws that `apply` makes with the same seed, at each picture's own size; or the same draws at several sizes. A recipe may
// come before the policy.

import { drawCopies } from "../apply/draws.ts";
import { openSource } from "../apply/source.ts";
import { renderChain } from "../augment/chain.ts";
import type { JudgedShape } from "../augment/scale.ts";
import { UsageError } from "../common/errors.ts";
import type { RecipeName } from "../config/recipes.ts";
import type { Pixels } from "../image/batch.ts";
import { toSquare } from "../image/resize.ts";
import { readGivenPolicies } from "../pipelines/given.ts";
import { evidenceNote } from "../policy/evidence.ts";
import { chainsPerImage, formatChain, formatPolicy, isMixture } from "../policy/policy.ts";
import type { GivenPolicies, GivenPolicy } from "../policy/policy-file.ts";
import { fitExactly, fitPicture } from "./fit.ts";
import { pickPictures, type ShownPicture } from "./pick.ts";
import { type PreviewOptions, type PreviewOutcome, textSizeFor } from "./preview.ts";
import { DRAWS, rowsOf } from "./rows.ts";
import { drawSheet } from "./sheet.ts";
import { checkSheetPath, writeSheet } from "./sheet-file.ts";

export interface PolicyPreviewOptions extends PreviewOptions {
  /** A policy file, best policy first; or another library's pipeline, as `readGivenPolicies` takes it. */
  readonly policyPath: string;
  /** Selects the policy: by rank, from 1 (the default), or by its trial. */
  readonly rank?: number;
  readonly trial?: number;
  /** A recipe that the pictures go through before the policy. */
  readonly recipe?: RecipeName;
  /** A folder with one subfolder per class, an archive, or a dataset's name. */
  readonly data: string;
  /** Maximum number of pictures: 1 or more. */
  readonly images: number;
  /** Number of draws of each chain per picture, 1 or more; by default about five in total. */
  readonly draws?: number;
  /** Sides in pixels: every picture and draw is shown at each, resized to a square first, and drawn equally large. */
  readonly sizes?: readonly number[];
  /** Whether techniques that count in pixels scale, as in `apply`. Defaults to true. */
  readonly scale?: boolean;
}

export interface PolicyPreviewOutcome extends PreviewOutcome {
  readonly policy: GivenPolicy & { readonly rank: number };
}

/** Default number of draws beside each picture if there are several sizes. */
const DRAWS_BY_SIZE = 2;

/**
 * Writes a sheet of pictures beside draws of a policy. The same options and data give the same file.
 * @throws UsageError if the policy, the data or the output is not usable; RunError if the file cannot be written;
 * InterruptedError on abort.
 */
export async function previewPolicy(options: PolicyPreviewOptions): Promise<PolicyPreviewOutcome> {
  const { data, out, size, images, onProgress, signal, columns, arrays } = options;
  const file = readGivenPolicies(options.policyPath);
  const rank = findRank(file, options);
  const policy = file.policies[rank - 1];
  checkSheetPath(out);
  const source = await openSource(data, { onProgress, signal, columns, arrays });
  const { shown, skipped } = await pickPictures(source, data, { ...options, count: images });
  const usual = options.sizes ? DRAWS_BY_SIZE : DRAWS;
  const chains = chainsPerImage(policy);
  const draws = options.draws ?? Math.max(1, Math.round(usual / chains));
  const judged = (options.scale === false ? undefined : file.dataset?.imageShape) ?? null;
  const drawAll = (picture: ShownPicture) => drawPolicy(picture, policy, judged, draws, options);
  const rows = await rowsOf(shown, (picture) => cellsOf(picture, options, drawAll), options);
  const content = {
    title: titleOf(policy, options.recipe),
    details: options.sizes
      ? [sizesLine(options.sizes, judged)]
      : [rewardLine(policy), originLine(policy, rank, file)],
    grids: [{ groups: headsOf(chains, draws, options.sizes), rows }],
  };
  const sheet = await drawSheet(content, textSizeFor(size, 0.14));
  await writeSheet(out, sheet);
  const { height, width } = sheet;
  const pictures = shown.map(({ data: _, index: __, ...picture }) => picture);
  const note = evidenceNote([policy]);
  const notes = note === undefined ? source.notes : [...source.notes, note];
  return { out, height, width, policy: { ...policy, rank }, pictures, skipped, notes };
}

/**
 * The policy in words, one line per chain, or one for all if they have chances; no line breaks between a technique and its
 * magnitude.
 */
function titleOf(policy: GivenPolicy, recipe = policy.base): string[] {
  const { chains, chances, magnitudes } = policy;
  if (chances) return [formatPolicy({ ...policy, base: recipe }).replaceAll(/(?<=[%≤]) | (?=≤)/g, "\u00a0")];
  const before = recipe === undefined ? "" : `${recipe} → `;
  const lines = chains.map((chain) =>
    `${before}${formatChain(chain, magnitudes)}`.replaceAll(/ (?=\d|→|≤)/g, "\u00a0"),
  );
  return lines.length === 1 ? lines : lines.map((line, i) => `chain ${i + 1}: ${line}`);
}

/** The cells of a row: the picture and its draws; with several sizes, each of them at every size. */
function cellsOf(
  picture: ShownPicture,
  { size, sizes }: Pick<PolicyPreviewOptions, "size" | "sizes">,
  drawAll: (picture: ShownPicture) => Pixels[],
): Pixels[] {
  if (!sizes) return [picture, ...drawAll(picture)].map((cell) => fitPicture(cell, size));
  const columns = sizes.map((side) => {
    const resized = { ...picture, ...toSquare(picture, side) };
    return [resized, ...drawAll(resized)].map((cell) => fitExactly(cell, size));
  });
  return columns[0].flatMap((_, draw) => columns.map((cells) => cells[draw]));
}

/** The picture after each draw of each chain: all draws of the first chain, then all of the second. */
function drawPolicy(
  picture: ShownPicture,
  policy: GivenPolicy,
  judgedShape: JudgedShape | null,
  copies: number,
  { seed, recipe }: Pick<PolicyPreviewOptions, "seed" | "recipe">,
): Pixels[] {
  const policies = [{ ...policy, trial: policy.trial ?? null }];
  const settings = { policies, recipe: recipe ?? null, seed, copies, chance: 1, judgedShape };
  const { data, height, width, index } = picture;
  return [...drawCopies(settings, { index, rank: 0, training: 1 }, { height, width })]
    .sort((a, b) => (isMixture(policy) ? 0 : (a.chain ?? 0) - (b.chain ?? 0)) || a.copy - b.copy)
    .map(({ drawn }) => ({ data: renderChain(data, picture, drawn), height, width }));
}

/** @throws UsageError if the file has no such policy. */
function findRank(
  { policies }: GivenPolicies,
  { policyPath, rank = 1, trial }: PolicyPreviewOptions,
): number {
  const count = policies.length;
  if (count === 0)
    throw new UsageError(`${policyPath} contains no policy: no trial improved on the baseline`);
  if (trial !== undefined) {
    const index = policies.findIndex((policy) => policy.trial === trial);
    if (index >= 0) return index + 1;
    const trials = policies.flatMap((policy) => policy.trial ?? []).join(", ");
    throw new UsageError(
      `--trial: ${policyPath} has no policy of trial ${trial}; its policies are of trials ${trials}`,
    );
  }
  if (rank <= count) return rank;
  const held = count === 1 ? "one policy" : `${count} policies`;
  throw new UsageError(`--rank: ${policyPath} has ${held}, received ${rank}`);
}

/** Headings of the columns: the original's, then a group per chain; with several sizes, a group per draw. */
function headsOf(chains: number, draws: number, sizes?: readonly number[]): string[][] {
  if (sizes) {
    const heads = headsOf(chains, draws).flat();
    return heads.map((head) => sizes.map((side) => `${head}, ${side} pixels`));
  }
  const numbers = (count: number) => Array.from({ length: count }, (_, i) => i + 1);
  if (chains === 1) return [["original"], numbers(draws).map((draw) => `draw ${draw}`)];
  const groups = numbers(chains).map((chain) =>
    numbers(draws).map((draw) => (draws === 1 ? `chain ${chain}` : `chain ${chain}, draw ${draw}`)),
  );
  return [["original"], ...groups];
}

function rewardLine({
  portion,
  reward,
  standardError = null,
  expectedAccuracyIncrease: gain,
}: GivenPolicy): string {
  if (reward === undefined || gain === undefined) return `portion ${portion.toFixed(2)}`;
  const error = standardError === null ? "" : ` ± ${standardError.toFixed(3)}`;
  const sign = gain < 0 ? "−" : "+";
  const baseline = `${sign}${Math.abs(gain).toFixed(3)} over the baseline`;
  return `portion ${portion.toFixed(2)} · reward ${reward.toFixed(3)}${error} · ${baseline}`;
}

function sizesLine(sizes: readonly number[], judged: JudgedShape | null): string {
  const list = new Intl.ListFormat("en").format(sizes.map(String));
  const scaled = judged === null ? "not scaled" : `scaled from ${judged[0]} × ${judged[1]}`;
  return `the same pictures and draws at ${list} pixels, drawn equally large · ${scaled}`;
}

function originLine({ trial }: GivenPolicy, rank: number, { dataset, policies }: GivenPolicies): string {
  if (!dataset) return "no search has judged it";
  const [height, width] = dataset.imageShape;
  const place = policies.length > 1 ? `, rank ${rank} of ${policies.length}` : "";
  return `trial ${trial}${place} · judged on ${dataset.name} at ${height} × ${width}`;
}
