// docs/imgaug.md: the comparison's rows as tables, and what explains those that imgaug has otherwise.

import type { TechniqueName } from "../../src/config/techniques.ts";
import { criticalDistance, LARGEST_Z, type PixelComparison, SIGNIFICANCE } from "./measures.ts";
import {
  type DistributionRow,
  LARGEST_SHARE,
  NEGLIGIBLE_LEVELS,
  NEGLIGIBLE_PIXELS,
  NEGLIGIBLE_SHARE,
  type PixelRow,
  type Statistic,
  type Verdict,
} from "./rows.ts";

export interface Results {
  readonly versions: Readonly<Record<string, string>>;
  readonly count: number;
  readonly passes: number;
  readonly distributions: readonly DistributionRow[];
  /** Of the techniques made of frequency noise, on images of another size. */
  readonly otherSize: {
    readonly height: number;
    readonly width: number;
    readonly rows: readonly DistributionRow[];
  };
  readonly displacements: readonly DistributionRow[];
  readonly pixels: readonly PixelRow[];
}

/** What imgaug does otherwise, and how that was taken away. */
const EXPLANATIONS: Readonly<Record<string, { techniques: readonly TechniqueName[]; text: string }>> = {
  "interpolation of crops": {
    techniques: ["crop"],
    text:
      "imgaug enlarges what is left with OpenCV's `INTER_AREA`, which smooths; the specification says cubic. Adjusted: " +
      "imgaug's draws, enlarged with OpenCV's `INTER_CUBIC`.",
  },
  "rounding of gamma": {
    techniques: ["gamma-contrast"],
    text:
      "imgaug's table cuts fractions off; the specification rounds to the nearest value, so that ours is brighter by just " +
      "under half a grey level. Adjusted: the same formula, rounded.",
  },
  "scale of hue": {
    techniques: ["add-to-hue-and-saturation"],
    text:
      "One number is drawn for hue and saturation. imgaug takes it for a hue of 0-255 and scales it by 180/255 to OpenCV's " +
      "0-179, fractions cut off; the specification adds it as it is. Besides, OpenCV's vector instructions cut fractions " +
      "off on the way from HSV to RGB, where its scalar code, and ours, rounds. Adjusted: the number unscaled, and OpenCV " +
      "one pixel a row, which takes the scalar code.",
  },
  "places of affine warps": {
    techniques: ["rotate", "shear", "translate-x", "translate-y"],
    text:
      "imgaug warps with OpenCV, which rounds places in the source to 1/32 of a pixel; ours are exact. Adjusted: imgaug's " +
      "other backend, scikit-image, which computes in double precision (without its clipping to the image's own range, " +
      "which touches single pixels at the border).",
  },
  "weights of blurs": {
    techniques: ["gaussian-blur"],
    text:
      "On uint8 images OpenCV rounds the kernel's weights to 1/256, which is coarse for a wide one. Adjusted: imgaug on " +
      "float32 images, rounded.",
  },
};

/** The page, in Markdown, with a final newline. */
export function comparisonPage(results: Results): string {
  const { versions, count, passes, otherSize } = results;
  const samples = count * passes;
  const drawn = [...results.distributions, ...otherSize.rows, ...results.displacements];
  const all = [...drawn, ...results.pixels];
  const tests = drawn.reduce((sum, { statistics }) => sum + 2 * statistics.length, 0);
  const size = `${otherSize.height} × ${otherSize.width}`;
  const lines = [
    "# The techniques beside imgaug's",
    "",
    "The original DeepAugment augmented through imgaug. This page holds our 20 techniques against imgaug's. It is made by",
    "",
    "```sh",
    "pip install -r scripts/imgaug/requirements.txt   # Python 3.11",
    "npm run compare:imgaug -- --python python3",
    "```",
    "",
    `on the first ${thousands(count)} training images of CIFAR-10, with ${Object.entries(versions)
      .map(([name, version]) => `${name} ${version}`)
      .join(", ")}. Of ${all.length} rows ${tally(all, "inside")} are inside the tolerance, ` +
      `${tally(all, "explained")} are outside and explained, and ${tally(all, "outside")} are outside.`,
    "",
    "## Tolerance, and what an explanation is",
    "",
    `Every image goes ${passes} times through each technique at each magnitude, on either side with its own draws: two samples of ` +
      `${thousands(samples)} values for each statistic. A row is inside where for all of its statistics`,
    "",
    `- the means differ by at most ${LARGEST_Z} standard errors (of the differences by image), or by at most ` +
      `${NEGLIGIBLE_LEVELS} grey levels (${NEGLIGIBLE_PIXELS} pixels for the marker, ${percent(NEGLIGIBLE_SHARE, 1)} for the share of lost ones); and`,
    `- the distributions differ by at most ${criticalDistance(samples, samples).toFixed(3)} in the distance of Kolmogorov and Smirnov ` +
      "(more where fewer markers are left), or by as little as above in the mean distance of their quantiles.",
    "",
    `Both limits have the significance level ${SIGNIFICANCE} for one test: about ${tests} are made, so that at most one ` +
      `of ${Math.floor(1 / (tests * SIGNIFICANCE))} runs with nothing to find has a row ` +
      "outside. The distributions of all but the change are those of the changes from the original, which are sharper " +
      "than those of the values.",
    "",
    "A row outside counts as explained only if it is inside once the one known difference is taken away from imgaug's side " +
      "(*adjusted*): so no second difference hides behind the first. The explanations are [below](#explanations).",
    "",
    "imgaug gets the parameters of our specification: crops up to m × the side's length, the logarithm of coarse-dropout " +
      'clamped to [0.05, 1], `min_size=4` for coarse grids, `shear={"x": …}` (as a plain range 0.4.0 shears both axes; 0.2.8, ' +
      "which the original used, x alone). scikit-image is held at 0.20, since its shear means something else from 0.21 on.",
    "",
    "## Distributions",
    "",
    "Ours / imgaug's: means over all images of the image's mean, its standard deviation, the mean absolute change of its values, " +
      "its colour, the mean absolute difference of red and green (which tells whether channels are changed alike), and its grain, " +
      "the mean absolute difference of values one and two pixels apart (which tells how fine noise is); in grey " +
      "levels. z (difference of the means in standard errors) and KS: the largest of the five; where one is " +
      "beyond its limit in a row inside, that statistic differs by less than what counts.",
    "",
    "| technique | m | mean | standard deviation | change | colour | grain | z | KS | row |",
    "|---|---|---|---|---|---|---|---|---|---|",
    ...results.distributions.map((row) => distributionLine(row, 2)),
    "",
    `Fog and clouds are made of frequency noise on grids of the image's size; ours shortens sides with a prime factor above 7. On ` +
      `images enlarged to ${size} pixels, both sides of which it shortens (each image once; KS at most ` +
      `${criticalDistance(count, count).toFixed(3)}):`,
    "",
    "| technique | m | mean | standard deviation | change | colour | grain | z | KS | row |",
    "|---|---|---|---|---|---|---|---|---|---|",
    ...otherSize.rows.map((row) => distributionLine(row, 2)),
    "",
    "## Displacement of a marker",
    "",
    "A white disc on black, off the centre: mean distances in pixels that the centre of its light moves along x and along y, and " +
      "the share of discs that leave the image (which have none). z and KS as above.",
    "",
    "| technique | m | x | y | lost | z | KS | row |",
    "|---|---|---|---|---|---|---|---|",
    ...results.displacements.map((row) => distributionLine(row, 3)),
    "",
    "## Pixels at equal parameters",
    "",
    "For the techniques without noise: the largest difference of a value on all images, and the share of values that differ. " +
      `Inside: by 1 at most, and at most ${percent(LARGEST_SHARE, 0)} of them.`,
    "",
    "| technique | parameters | largest | differ | row |",
    "|---|---|---|---|---|",
    ...results.pixels.map(pixelLine),
    "",
    "## Explanations",
    ...Object.entries(EXPLANATIONS).flatMap(([title, { techniques, text }]) => [
      "",
      `### ${title[0].toUpperCase()}${title.slice(1)}`,
      "",
      `${techniques.map((name) => `\`${name}\``).join(", ")}. ${text}`,
    ]),
  ];
  return `${lines.map(wrap).join("\n")}\n`;
}

/** Prose in lines of at most 120 characters; headings, tables and code as they are. */
function wrap(text: string): string {
  if (/^(\||#|```)/.test(text)) return text;
  const indent = text.startsWith("- ") ? "  " : "";
  const lines: string[] = [];
  for (const word of text.split(" ")) {
    const last = lines.length - 1;
    if (last < 0) lines.push(word);
    else if (lines[last].length + 1 + word.length <= 120) lines[last] += ` ${word}`;
    else lines.push(indent + word);
  }
  return lines.join("\n");
}

function distributionLine(row: DistributionRow, digits: number): string {
  const { technique, magnitude, statistics, adjusted } = row;
  const cells = statistics.map(({ ours, theirs }) => `${ours.toFixed(digits)} / ${theirs.toFixed(digits)}`);
  const verdict = verdictCell(row, adjusted && `z ${largestZ(adjusted)}, KS ${largestDistance(adjusted)}`);
  return line([
    technique,
    magnitude ?? "–",
    ...cells,
    largestZ(statistics),
    largestDistance(statistics),
    verdict,
  ]);
}

function pixelLine(row: PixelRow): string {
  const { technique, parameters, pixels, adjusted } = row;
  const values = Object.entries(parameters).map(([name, value]) => `${name} ${JSON.stringify(value)}`);
  const differ = ({ different }: PixelComparison) => percent(different, 3);
  const verdict = verdictCell(row, adjusted && `largest ${adjusted.largest}, ${differ(adjusted)} differ`);
  return line([technique, values.join(", "), pixels.largest, differ(pixels), verdict]);
}

function verdictCell(
  row: { technique: TechniqueName; verdict: Verdict },
  adjusted: string | undefined,
): string {
  if (row.verdict !== "explained") return row.verdict === "inside" ? "inside" : "**outside**";
  const titles = Object.keys(EXPLANATIONS);
  const title = titles.find((key) => EXPLANATIONS[key].techniques.includes(row.technique));
  if (!title) throw new Error(`${row.technique} is explained, but there is no text`);
  return `[explained](#${title.replaceAll(" ", "-")}); adjusted: ${adjusted}`;
}

function largestZ(statistics: readonly Statistic[]): string {
  return Math.max(...statistics.map(({ comparison }) => Math.abs(comparison.z))).toFixed(1);
}

function largestDistance(statistics: readonly Statistic[]): string {
  return Math.max(...statistics.map(({ comparison }) => comparison.kolmogorov)).toFixed(3);
}

function tally(rows: readonly { verdict: Verdict }[], verdict: Verdict): number {
  return rows.filter((row) => row.verdict === verdict).length;
}

function line(cells: readonly (string | number)[]): string {
  return `| ${cells.join(" | ")} |`;
}

function percent(share: number, digits: number): string {
  return share === 0 ? "0" : `${(100 * share).toFixed(digits)}%`;
}

function thousands(count: number): string {
  return count.toLocaleString("en-US");
}
