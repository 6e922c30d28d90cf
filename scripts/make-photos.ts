// Makes a folder of ordinary pictures, from CIFAR-10: 300 pictures of 3 classes in PNG, JPEG, GIF and BMP files,
// enlarged to sides of 40 to 200 pixels, landscape and portrait. To try the README's commands on.
//
//   npm run make:photos                        # photos/
//   npm run make:photos -- --out pets --count 90 --classes cat,dog
//
// The same options give the same files.

import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { createJimp } from "@jimp/core";
import bmp from "@jimp/js-bmp";
import gif from "@jimp/js-gif";
import { UsageError } from "../src/common/errors.ts";
import { Random } from "../src/common/random.ts";
import { loadDataset } from "../src/dataset/load.ts";
import { imageAt } from "../src/image/batch.ts";
import { encodeJpeg, encodePng } from "../src/image/codec.ts";
import { resizeImage } from "../src/image/resize.ts";
import { runScript } from "./run-script.ts";

const { values } = parseArgs({
  options: {
    out: { type: "string", default: "photos" },
    count: { type: "string", default: "300" },
    classes: { type: "string", default: "automobile,cat,ship" },
  },
});

const SHORTEST = 40;
const LONGEST = 200;

const Jimp = createJimp({ formats: [bmp, gif] });

/** The formats in turn, by the ending of their files: half are JPEGs. */
const ENDINGS = ["jpg", "png", "jpg", "gif", "jpg", "bmp"] as const;

async function encode(
  pixels: Uint8Array,
  height: number,
  width: number,
  ending: (typeof ENDINGS)[number],
): Promise<Uint8Array> {
  if (ending === "jpg") return encodeJpeg(pixels, height, width);
  if (ending === "png") return encodePng(pixels, height, width);
  const data = Buffer.alloc(height * width * 4, 255);
  for (let i = 0; i < height * width; i++) data.set(pixels.subarray(3 * i, 3 * i + 3), 4 * i);
  return new Jimp({ data, height, width }).getBuffer(ending === "gif" ? "image/gif" : "image/bmp");
}

async function main(): Promise<void> {
  const { out } = values;
  const wanted = values.classes.split(",");
  const each = Math.floor(Number(values.count) / wanted.length);
  if (!(each >= 1)) throw new UsageError(`--count ${values.count}: give a picture to each class`);
  if (existsSync(out)) throw new UsageError(`${out} exists already; remove it, or give another --out`);
  const { train, classNames } = await loadDataset("cifar10");
  const random = new Random(0, "photos");
  for (const className of wanted) {
    const label = classNames.indexOf(className);
    if (label < 0) throw new UsageError(`--classes: CIFAR-10 has ${classNames.join(", ")}, not ${className}`);
    const folder = join(out, className);
    mkdirSync(folder, { recursive: true });
    const members = [...train.labels.keys()].filter((index) => train.labels[index] === label);
    for (const [place, member] of random.choose(members.length, each).entries()) {
      const [height, width] = [random.integer(SHORTEST, LONGEST), random.integer(SHORTEST, LONGEST)];
      const pixels = resizeImage(imageAt(train.images, members[member]), 32, 32, height, width);
      const ending = ENDINGS[place % ENDINGS.length];
      const name = `${className}-${String(place).padStart(3, "0")}.${ending}`;
      writeFileSync(join(folder, name), await encode(pixels, height, width, ending));
    }
  }
  console.log(`${each * wanted.length} pictures in ${out}`);
}

await runScript(main);
