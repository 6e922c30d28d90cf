// Writes docs/export.md: how policies are exported, and the comparison of the exported modules with our own augmentation.

import { EXPORTS, FRAMEWORKS, type Framework } from "../../src/export/frameworks.ts";
import { criticalDistance, LARGEST_Z, SIGNIFICANCE } from "../imgaug/measures.ts";
import { thousands, wrapProse } from "../markdown.ts";
import { type DistributionRow, LARGEST_SHARE, NEGLIGIBLE, type PixelRow } from "./rows.ts";

export interface PixelTable {
  /** In words. */
  readonly size: string;
  readonly rows: readonly PixelRow[];
}

export interface Results {
  readonly versions: Readonly<Record<string, string>>;
  readonly images: number;
  readonly passes: number;
  readonly pixels: readonly PixelTable[];
  readonly distributions: readonly DistributionRow[];
}

const NAMES: Readonly<Record<Framework, string>> = {
  albumentations: "Albumentations",
  torchvision: "torchvision",
  keras: "Keras",
  numpy: "numpy",
};

/** The page in Markdown, with a final newline. */
export function exportPage(results: Results): string {
  const lines = [
    "# Policies in other frameworks",
    "",
    "`deepaugment export` writes policies, or a recipe, as one Python module. It needs numpy and the framework, and nothing of " +
      "DeepAugment; with OpenCV (`cv2`) large images are augmented faster.",
    "",
    "```sh",
    "npx deepaugment export --policy reports/experiments/<the experiment> --to torchvision --out training/",
    "```",
    "",
    ...FRAMEWORKS.flatMap(usageOf),
    ...EXPLANATION,
    ...comparisonOf(results),
  ];
  return `${lines.map(wrapProse).join("\n")}\n`;
}

function usageOf(framework: Framework): string[] {
  return [`${NAMES[framework]}:`, "", "```python", ...EXPORTS[framework].redrawn.usage, "```", ""];
}

const EXPLANATION = [
  "Images are uint8, RGB, [height, width, 3] ([3, height, width] in torchvision, or pictures of Pillow). So the transform comes " +
    "before `Normalize` or `ToDtype`; images of floats are refused, since they would be augmented wrongly. Grey images of one channel are " +
    "augmented as colour images with equal channels and become grey again, except in `numpy`. The transforms are for the " +
    "classification of images: boxes and masks are refused, or left as they are.",
  "",
  "- `--top 5` draws each image's policy from the best five.",
  "- `--recipe flip-crop` exports a recipe; with `--policy`, every image goes through the recipe first.",
  "- Techniques that count in pixels scale with the image's side, relative to that of the images on which the policy was judged: " +
    "`DeepAugment(scale=False)` applies them in pixels.",
  "",
  "## What an epoch is",
  "",
  "Policies of a search with `redraw: epoch`, the default, replace each image by what is drawn for it, anew whenever it is used. An epoch has " +
    "as many steps as without augmentation. This is what the search judged.",
  "",
  "Policies of the original's form (`redraw: once`) add copies to the originals, which are drawn once. Their transform draws one of " +
    "the originals and the copies instead: an original with weight 1, a copy of each chain with weight portion. So an epoch has fewer steps " +
    "than the search's, and the head of the module says for how many times as many epochs to train. `--added` exports the " +
    "search's own way: `with_copies(images, labels)` for arrays, or `AddedDataset(dataset)` for a dataset of torchvision.",
  "",
  "## Randomness",
  "",
  "- **Albumentations**: `A.Compose(…, seed=…)`. Workers of a torch DataLoader get copies of its generator and would all draw the " +
    "same; there the transform follows torch's seed, which differs between workers and epochs.",
  "- **torchvision**: `torch.manual_seed(…)`, in workers of a DataLoader too.",
  "- **Keras**: `AugmentedDataset(…, seed=…)`, or `keras.utils.set_random_seed(…)`. An image's draws depend on the seed, the epoch and its " +
    "index, so they are the same with any number of workers.",
  "- **numpy**: `DeepAugment(seed=…)`.",
  "",
  "A Python module draws other numbers than `apply` with the same seed, from the same distributions.",
  "",
  "## The framework's own transforms",
  "",
  "`--native` writes transforms of the framework in place of our operations, if all operations of the policy are exact in it: the same distribution " +
    "of what is drawn, and the same pixels. Otherwise it is refused with a line that names the others; the default export has all techniques.",
  "",
  "| | Albumentations 2.0.8 | torchvision 0.28, pictures of Pillow |",
  "|---|---|---|",
  "| `horizontal-flip`, `vertical-flip`, `invert`, `posterize`, `brightness` | exact | exact |",
  "| `color`, `contrast` | – | exact |",
  "| `solarize` | exact | exact at fixed magnitudes |",
  "| `shear-x`, `shear-y`, `sharpness` | – | exact at fixed magnitudes |",
  "| `autocontrast`, `equalize` | – | exact |",
  "| `rotate` | at fixed magnitudes; 0.016% of the values differ, by 1 | – |",
  "| recipes | `flip` | `flip`, `trivialaugment`, `randaugment` |",
  "",
  "Pixels were compared at equal parameters on images of CIFAR-10 at 32 × 32 and enlarged to 61 × 97. Not exact, although a transform is similar: in " +
    "Albumentations `gamma-contrast` (58% of the values differ by 1), `color` and `contrast` (by 1 or 2), `sharpen` and `emboss` (3% by 1), " +
    "`brighten` (it truncates what is added), `add-to-hue-and-saturation`, `autocontrast` and `equalize`; in torchvision `rotate` (up to 126), " +
    "`gamma-contrast` (40% by 1), the automatic augmentations of v2 (they solarize from another level in some bins, so those of " +
    "`torchvision.transforms` are used), and on tensors `color`, `contrast` and `autocontrast`. `flip-crop` and techniques that count in pixels depend " +
    "on the image's size, which a list of transforms does not know. Keras mirrors with a fixed probability, and has no choice between " +
    "chains, so `--native` is refused for it.",
  "",
  "The versions are checked when the file is loaded, since others may round otherwise or name arguments otherwise: for torchvision by the " +
    "module, for Albumentations by `load()` in the module beside `deepaugment_policy.json`. `A.load` reads that file too, without the check: " +
    "AlbumentationsX would load it with default values in place of renamed arguments. Albumentations 2.0.8 repeats its draws in the " +
    "workers of a DataLoader, so use native transforms with `num_workers=0`, or the default export.",
  "",
];

function comparisonOf({ versions, images, passes, pixels, distributions }: Results): string[] {
  const samples = images * passes;
  return [
    "## Compared with DeepAugment",
    "",
    "This page is generated by",
    "",
    "```sh",
    "pip install -r scripts/export/requirements.txt   # Python 3.11",
    `npm run compare:export -- --python python3 --passes ${passes}`,
    "```",
    "",
    `with ${Object.entries(versions)
      .map(([name, version]) => `${name} ${version}`)
      .join(", ")}, on training images of CIFAR-10.`,
    "",
    "### Pixels at equal parameters",
    "",
    "Techniques without noise, with the parameters that DeepAugment draws at as many magnitudes as there are cases: the largest difference in " +
      `grey levels, and the share of values that differ. At most ${100 * LARGEST_SHARE}% may differ, by 1. On enlarged images DeepAugment ` +
      "blurs at every few pixels and interpolates; the module does not.",
    "",
    `| technique | cases | ${pixels.flatMap(({ size }) => [size, `${size}, OpenCV`]).join(" | ")} |`,
    `|---|---:|${"---:|".repeat(2 * pixels.length)}`,
    ...pixels[0].rows.map(({ technique, cases }, index) => {
      const cells = pixels.flatMap(({ rows }) => [
        pixelCell(rows[index].plain),
        pixelCell(rows[index].opencv),
      ]);
      return `| \`${technique}\` | ${cases} | ${cells.join(" | ")} |`;
    }),
    "",
    "### Distributions",
    "",
    `Both sides draw each technique at each magnitude, and each recipe, ${passes === 1 ? "once" : `${passes} times`} for ${thousands(images)} images. Of the mean, the standard ` +
      "deviation, the change, the colour and the grain of an image ([imgaug.md](imgaug.md) explains them) the table has the largest " +
      `Kolmogorov-Smirnov distance. A row is _same_ if for all five the means differ by at most ${LARGEST_Z} standard errors, and the distance is at ` +
      `most ${criticalDistance(samples, samples).toFixed(3)} (a significance level of ${SIGNIFICANCE} per test), or if the differences are below ${NEGLIGIBLE} grey levels.`,
    "",
    `| technique or recipe | m | ${FRAMEWORKS.map((framework) => NAMES[framework]).join(" | ")} |`,
    `|---|---|${"---|".repeat(FRAMEWORKS.length)}`,
    ...distributions.map(({ name, magnitude, worst }) => {
      const cells = FRAMEWORKS.map((framework) => {
        const { inside, kolmogorov, z } = worst[framework];
        const figures = inside ? kolmogorov.toFixed(3) : `${kolmogorov.toFixed(3)}, z ${z.toFixed(1)}`;
        return inside ? `same, ${figures}` : `**differs**, ${figures}`;
      });
      return `| \`${name}\` | ${magnitude ?? "–"} | ${cells.join(" | ")} |`;
    }),
  ];
}

function pixelCell({ largest, different }: PixelRow["plain"]): string {
  return largest === 0 ? "0" : `${largest}, ${(100 * different).toFixed(3)}%`;
}

/** What is outside its tolerance. */
export function outsideOf({ pixels, distributions }: Results): string[] {
  const differs = ({ largest, different }: PixelRow["plain"]) => largest > 1 || different > LARGEST_SHARE;
  return [
    ...pixels.flatMap(({ rows, size }) =>
      rows
        .filter(({ plain, opencv }) => differs(plain) || differs(opencv))
        .map(({ technique }) => `${technique} at ${size}`),
    ),
    ...distributions.flatMap(({ name, magnitude, worst }) =>
      FRAMEWORKS.filter((framework) => !worst[framework].inside).map(
        (framework) => `${name} at ${magnitude ?? "any magnitude"} in ${framework}`,
      ),
    ),
  ];
}
