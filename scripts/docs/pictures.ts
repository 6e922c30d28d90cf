// Generates the documentation's page on picture files: every picture of the conformance set is decoded and compared with the
// pixels that Pillow reads in it.

import { decodeImage, ImageError } from "../../src/image/codec.ts";
import { type ConformanceCase, differenceOf, readConformanceSet } from "../../test/image/conformance-set.ts";
import { wrapProse } from "../markdown.ts";

/** A row of the table: pictures of a format that share a feature. */
interface Row {
  readonly format: string;
  readonly feature: string;
  count: number;
  mean: number;
  most: number;
}

/** Features whose pictures share a row. */
const GROUPS: readonly [RegExp, string][] = [
  [/^\d+ x \d+/, "sizes from 1 × 1"],
  [/XMP|EXIF/, "orientations in XMP and EXIF, missing, repeated or damaged"],
  [/^orientation/, "orientations 1 to 8"],
  [/^quality/, "qualities"],
  [/^filter/, "filters"],
  [/^\d+ colours/, "2 to 256 colours"],
  [/^transparent colour/, "a transparent colour"],
  [/^a header of/, "headers of 52 to 124 bytes"],
  [/^a frame inside/, "a frame inside the picture"],
  [/^(grey|RGB|planes) (of )?(\d+-bit )?(of )?floats|^planes of floats/, "floating-point numbers"],
  [/^32-bit integers/, "32-bit integers up to 255"],
  [/^(none|PackBits|LZW|Deflate|old Deflate|Zstandard|WebP without loss)\b/, "compressions without loss"],
  [/^(YUV|YCbCr) 4/, "colours at full and lower resolution"],
  [/^YCCK/, "YCCK"],
  [/^CMYK/, "CMYK"],
  [/^restart markers/, "restart markers"],
  [/^(strips|sizes of|without rows|one tile|tiles)/, "strips and tiles"],
  [/^planes/, "planes"],
  [/bytes after its end$|another .* after its end$/, "further data after the picture"],
  [/^1[02] bits/, "10 and 12 bits"],
];

const INTRODUCTION = [
  "# Pictures",
  "",
  'Pictures are read as Pillow reads them (`Image.open`, `ImageOps.exif_transpose`, `convert("RGB")`), or they are skipped with a ' +
    "line that says what the file is and what to do. The table below compares both, picture by picture.",
  "",
  "- The format is recognised by the content of a file, never by its name. Files with other names than those of pictures are opened too.",
  "- The orientation is applied: EXIF in JPEG, PNG, WebP and TIFF, the rotation and mirror of AVIF, or XMP if there is neither; and that of JPEG XL. So pictures are upright.",
  "- Transparency is dropped, and the colours below it are kept.",
  "- Of an animation the first frame is read, of a TIFF with several pages the first one.",
  "- 16 bits per channel are reduced to the upper eight. Pillow's `convert` would clip 16-bit grey pictures to white.",
  "- Floating-point numbers from 0 to 1 become 0 to 255; those up to 255 are cut to whole numbers, as by Pillow. Pictures with others " +
    "are skipped, as are those with integers of 32 bits beyond 255: nobody can know their scale.",
  "- Colour profiles are ignored, as by Pillow. Only JPEG XL is converted to sRGB.",
  "- A picture may have up to 100 million pixels, at most a million along a side. Its header says so before memory is allocated.",
  "- A JPEG may have up to 500 scans, fewer if it has more than 20 million pixels: all its scans together may have up to 10 billion.",
  "- Pictures are decoded in processes of their own. One that twice takes more than a minute or 4 GB of memory, or ends its " +
    "process, is skipped with that reason; the others are not affected. Pictures of more than 17 million pixels are decoded " +
    "by as many processes at a time as the memory allows.",
  "- HEIC is not read: the licence of its decoders (LGPL) does not fit into the executable.",
  "- Damaged and truncated files are skipped, never completed with black.",
];

/** The page, in Markdown, with a final newline. */
export async function picturesPage(): Promise<string> {
  const cases = await readConformanceSet();
  const rows = await compare(cases.filter(({ skip }) => skip === undefined));
  const pictures = rows.reduce((sum, { count }) => sum + count, 0);
  return `${[
    ...INTRODUCTION.map(wrapProse),
    "",
    "## Compared with Pillow",
    "",
    wrapProse(
      `Differences to Pillow 13.0, of 255, on the ${pictures} pictures of the conformance set (\`scripts/pictures/make.py\`): their ` +
        "mean in the picture in which it is largest, and the largest of all. Pictures that are stored without loss have no " +
        "difference. What Pillow does not read (JPEG XL, and some kinds of BMP and TIFF) is compared with the picture before it " +
        "was stored. Written by `npm run docs`, which decodes all of them.",
    ),
    "",
    "| format | feature | pictures | largest mean | largest |",
    "|---|---|--:|--:|--:|",
    ...rows.map(
      ({ format, feature, count, mean, most }) =>
        `| ${format} | ${feature} | ${count} | ${most === 0 ? "0" : mean.toFixed(2)} | ${most} |`,
    ),
    "",
    "## What is skipped",
    "",
    "| file | reason in the line that skips it |",
    "|---|---|",
    ...(await skipLines(cases)),
  ].join("\n")}\n`;
}

async function compare(cases: readonly ConformanceCase[]): Promise<Row[]> {
  const rows = new Map<string, Row>();
  for (const { format, feature, name, bytes, expected } of cases) {
    const { mean, most } = differenceOf((await decodeImage(bytes, name)).data, expected!);
    const group = GROUPS.find(([pattern]) => pattern.test(feature))?.[1] ?? shorten(feature);
    const key = `${format} ${group}`;
    const row = rows.get(key) ?? { format, feature: group, count: 0, mean: 0, most: 0 };
    rows.set(key, row);
    row.count++;
    row.mean = Math.max(row.mean, mean);
    row.most = Math.max(row.most, most);
  }
  const formats = [...new Set(cases.map(({ format }) => format))];
  return [...rows.values()].sort((a, b) => formats.indexOf(a.format) - formats.indexOf(b.format));
}

/** Without the details after a comma; commas in lists of numbers or letters belong to the feature. */
function shorten(feature: string): string {
  return feature.replace(/, (?!\d,|\d$|[A-Z]\b).*/, "");
}

/** What happens to the files that are skipped; all kinds of damage share a row. */
async function skipLines(cases: readonly ConformanceCase[]): Promise<string[]> {
  const lines = new Map<string, string>();
  for (const { format, name, feature, bytes, skip } of cases) {
    if (skip === undefined || / is damaged, /.test(skip)) continue;
    const reason = await decodeImage(bytes, name).catch((error) => {
      if (error instanceof ImageError) return error.reason;
      throw error;
    });
    if (typeof reason === "string" && !lines.has(reason))
      lines.set(reason, format === "other" ? feature : `${format}: ${feature}`);
  }
  const damaged =
    "the PNG (JPEG, …) is damaged, truncated or of an unsupported kind (the file ends before its pixels do)";
  return [
    `| damaged or truncated | ${damaged} |`,
    ...[...lines].map(([reason, feature]) => `| ${feature} | ${reason} |`),
  ];
}
