// The pictures of a report: the user's own images under the winner and under the techniques that help most. The search's data
// may be gone since; then the report says so.

import { drawCopies } from "../apply/draws.ts";
import { openSource, type PictureSource } from "../apply/source.ts";
import { renderChain } from "../augment/chain.ts";
import type { JudgedShape } from "../augment/scale.ts";
import { InterruptedError, messageOf, UsageError } from "../common/errors.ts";
import { formatSignedPoints } from "../common/points.ts";
import { FAMILIES } from "../config/families.ts";
import { EXTENDED_TECHNIQUES, type TechniqueName, usesMagnitude } from "../config/techniques.ts";
import type { Fetchers } from "../dataset/named/named.ts";
import type { DataSettings } from "../dataset/reader.ts";
import type { Pixels } from "../image/batch.ts";
import { encodeJpeg, encodePng } from "../image/codec.ts";
import type { Importance, PictureRow, Pictures, PictureTable } from "./contents.ts";
import { fitPicture } from "./fit.ts";
import { pickPictures, type ShownPicture } from "./pick.ts";
import { augment, typicalDraw } from "./typical.ts";
import type { Winner } from "./winner.ts";

/** Rows of the winner and of each technique, and draws of the winner beside each picture. */
const WINNER_ROWS = 4;
const TECHNIQUE_ROWS = 2;
const DRAWS = 5;
const SHOWN_TECHNIQUES = 3;
const MAGNITUDES = [0.2, 0.4, 0.6, 0.8, 1] as const;
/** The longer side of a picture on the page. Smaller ones keep their pixels, which the browser enlarges to squares. */
const SIDE = 96;
/** From this side on, JPEG is smaller than PNG, and hides nothing. */
const LARGE = 64;
const QUALITY = 85;

/** What is shown, and where it comes from. */
export interface PictureRequest {
  /** Null if the configuration does not say it. */
  readonly data: string | null;
  readonly settings: DataSettings;
  readonly seed: number;
  readonly winner: Winner | undefined;
  readonly importance: readonly Importance[];
  /** Of the images of the search, to which techniques that count in pixels scale; null if it is not known. */
  readonly judgedShape: JudgedShape | null;
  readonly signal?: AbortSignal;
}

/** A report is made from what is on this machine. */
const OFFLINE: Fetchers = { fetchFile: refuse, packFromNpm: refuse };

function refuse(): never {
  throw new UsageError("the data are not on this machine");
}

/** Opens the data once, for reports that are made again and again. @throws like `openSource`; nothing is fetched. */
export function openPictures({ data, settings, signal }: PictureRequest): Promise<PictureSource> {
  if (data === null) throw new UsageError("the configuration names no data");
  return openSource(data, { ...settings, signal, fetchers: OFFLINE });
}

/**
 * Never fails because of the data: the reason is then in `missing`.
 * @throws InterruptedError on abort.
 */
export async function picturesOf(
  request: PictureRequest,
  open: (request: PictureRequest) => Promise<PictureSource> = openPictures,
): Promise<Pictures> {
  try {
    const source = await open(request);
    const { seed, signal, data } = request;
    const { shown } = await pickPictures(source, data ?? "", { count: WINNER_ROWS, seed, signal });
    const tables = [
      ...(request.winner ? [await winnerTable(request.winner, shown, request)] : []),
      ...(await techniqueTables(request, shown.slice(0, TECHNIQUE_ROWS))),
    ];
    return { missing: tables.length > 0 ? null : "Nothing is better than no augmentation so far.", tables };
  } catch (error) {
    if (error instanceof InterruptedError) throw error;
    return { missing: `The pictures cannot be shown: ${messageOf(error)}`, tables: [] };
  }
}

async function winnerTable(
  { title, note, policies, recipe }: Winner,
  shown: readonly ShownPicture[],
  { seed, judgedShape }: DrawSettings,
): Promise<PictureTable> {
  const settings = { policies, recipe, seed, copies: DRAWS, chance: 1, judgedShape };
  const cellsOf = (picture: ShownPicture) => {
    const { data, height, width, index } = picture;
    const draws = [...drawCopies(settings, { index, rank: 0, training: 1 }, { height, width })];
    const augmented = draws
      .slice(0, DRAWS)
      .map(({ drawn }) => ({ data: renderChain(data, picture, drawn), height, width }));
    return [picture, ...augmented];
  };
  const heads = ["original", ...Array.from({ length: DRAWS }, (_, i) => `draw ${i + 1}`)];
  return { title, note, heads, rows: await rowsOf(shown, cellsOf), side: SIDE };
}

/** Of the techniques or families that help most, as far as the model has an effect above 0 of them. */
async function techniqueTables(
  { importance, ...settings }: PictureRequest,
  shown: readonly ShownPicture[],
): Promise<PictureTable[]> {
  const best = importance
    .filter(({ kind, best }) => (kind === "technique" || kind === "amount") && best.mean > 0)
    .slice(0, SHOWN_TECHNIQUES);
  const tables: PictureTable[] = [];
  for (const each of best)
    tables.push(await (each.kind === "amount" ? familyTable : techniqueTable)(each, shown, settings));
  return tables;
}

type DrawSettings = Pick<PictureRequest, "seed" | "judgedShape">;

async function techniqueTable(
  { name, best }: Importance,
  shown: readonly ShownPicture[],
  { seed, judgedShape }: DrawSettings,
): Promise<PictureTable> {
  const type = EXTENDED_TECHNIQUES.find((technique) => technique === name)!;
  const uses = usesMagnitude(type);
  const at = uses ? ` at magnitude ${best.at.toFixed(1)}` : "";
  const cellsOf = (picture: Pixels) => {
    const typical = uses ? typicalDraw(type, picture, seed, MAGNITUDES) : 0;
    const cells = MAGNITUDES.map((magnitude, column) =>
      augment({ type, magnitude }, picture, seed, uses ? typical : column, judgedShape),
    );
    return [picture, ...cells];
  };
  const columns = MAGNITUDES.map((magnitude, i) => (uses ? magnitude.toFixed(1) : `draw ${i + 1}`));
  const heads = ["original", ...columns];
  return { title: name, note: noteOn(best, at), heads, rows: await rowsOf(shown, cellsOf), side: SIDE };
}

/** Each technique of a family at its magnitude at full strength. */
async function familyTable(
  { name, best }: Importance,
  shown: readonly ShownPicture[],
  { seed, judgedShape }: DrawSettings,
): Promise<PictureTable> {
  const techniques: readonly (readonly [TechniqueName, number])[] =
    FAMILIES.find((family) => family.name === name)?.techniques ?? [];
  const cellsOf = (picture: Pixels) => [
    picture,
    ...techniques.map(([type, magnitude]) =>
      augment({ type, magnitude }, picture, seed, typicalDraw(type, picture, seed, [magnitude]), judgedShape),
    ),
  ];
  return {
    ...{ title: `The family ${name}`, note: noteOn(best, ` at an amount of ${best.at.toFixed(1)}`) },
    heads: ["original", ...techniques.map(([type]) => type)],
    ...{ rows: await rowsOf(shown, cellsOf), side: SIDE },
  };
}

function noteOn({ mean, low, high }: Importance["best"], at: string): string {
  const interval = `${formatSignedPoints(low)} to ${formatSignedPoints(high)}`;
  return `${formatSignedPoints(mean)} points${at} by the model (95% interval ${interval}).`;
}

async function rowsOf(
  shown: readonly ShownPicture[],
  cellsOf: (picture: ShownPicture) => readonly Pixels[],
): Promise<PictureRow[]> {
  const rows: PictureRow[] = [];
  for (const picture of shown) {
    const cells = await Promise.all(cellsOf(picture).map(dataUrlOf));
    rows.push({ label: picture.className, source: picture.source, cells });
  }
  return rows;
}

async function dataUrlOf(picture: Pixels): Promise<string> {
  const isLarge = Math.max(picture.height, picture.width) > LARGE;
  const { data, height, width } = isLarge ? fitPicture(picture, 2 * SIDE) : picture;
  const bytes = isLarge
    ? await encodeJpeg(data, height, width, QUALITY)
    : await encodePng(data, height, width);
  return `data:image/${isLarge ? "jpeg" : "png"};base64,${Buffer.from(bytes).toString("base64")}`;
}
