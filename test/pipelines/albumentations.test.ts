// Pipelines of Albumentations: what real versions wrote (scripts/export/pipelines.py), and files that must be refused.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, it } from "node:test";
import { renderChain } from "../../src/augment/chain.ts";
import { drawSteps } from "../../src/augment/redraw.ts";
import { UsageError } from "../../src/common/errors.ts";
import { albumentationsPolicy, isAlbumentations } from "../../src/pipelines/albumentations.ts";
import { formatPlainPolicies, givenPoliciesIn } from "../../src/policy/policy-file.ts";

interface Recorded {
  readonly shape: readonly [number, number, number];
  readonly image: string;
  readonly pipelines: readonly {
    readonly version: string;
    readonly name: string;
    readonly pipeline: { readonly transform: unknown };
    /** How often each result came, of 2.0.8. */
    readonly draws?: Readonly<Record<string, number>> | null;
  }[];
}

const RECORDED: Recorded = JSON.parse(
  readFileSync(new URL("../fixtures/albumentations.json", import.meta.url), "utf8"),
);

/** A transform as 2.0.8 writes it. */
function transform(name: string, p: number, rest: object = {}): object {
  return { __class_fullname__: name, p, ...rest };
}

const flip = (p: number) => transform("HorizontalFlip", p);
const invert = (p: number) => transform("InvertImg", p);
const rotate = (p: number, rest: object = {}) =>
  transform("Rotate", p, {
    ...{ limit: [-30, 30], interpolation: 1, border_mode: 0, crop_border: false, fill: 0, fill_mask: 0 },
    ...{ mask_interpolation: 0, rotate_method: "largest_box", ...rest },
  });
const jitter = (p: number) =>
  transform("ColorJitter", p, { brightness: [0.7, 1.3], contrast: [1, 1], saturation: [1, 1], hue: [0, 0] });
const composition = (name: string, p: number, transforms: readonly object[], rest: object = {}) =>
  transform(name, p, { transforms, ...rest });

function policyOf(root: object, version: unknown = "2.0.8") {
  return albumentationsPolicy({ __version__: version, transform: root } as { transform: unknown });
}

function refuses(root: object, message: RegExp, version?: unknown): void {
  assert.throws(
    () => policyOf(root, version),
    (error: Error) => {
      assert.equal(error.name, UsageError.name, error.stack);
      assert.match(error.message, message);
      assert.ok(!error.message.includes("\n"));
      return true;
    },
  );
}

describe("albumentationsPolicy", () => {
  it("reads what each version writes, and all the same", () => {
    const versions = new Set(RECORDED.pipelines.map(({ version }) => version));
    assert.ok(versions.size >= 8 && versions.has("1.4.0") && versions.has("2.0.8"));
    const newest = RECORDED.pipelines.filter(({ version }) => version === "2.0.8");
    for (const { version, name, pipeline } of RECORDED.pipelines) {
      assert.ok(isAlbumentations(pipeline));
      const policy = albumentationsPolicy(pipeline);
      // As a file it is read back.
      assert.deepEqual(givenPoliciesIn(JSON.parse(formatPlainPolicies([policy]))).policies, [policy]);
      // Before, a Sequential ignored its p; ColorJitter is left out.
      if (version === "1.4.0" || (version === "1.4.4" && name === "factors")) continue;
      const same = newest.find((other) => other.name === name)!;
      assert.deepEqual(policy, albumentationsPolicy(same.pipeline), `${version}, ${name}`);
    }
  });

  it("draws every result as often as Albumentations does", () => {
    const [height, width] = RECORDED.shape;
    const image = Uint8Array.from(Buffer.from(RECORDED.image, "hex"));
    const counted = RECORDED.pipelines.filter(({ draws }) => draws);
    assert.equal(counted.length, 5);
    for (const { name, pipeline, draws } of counted) {
      const policy = albumentationsPolicy(pipeline);
      const total = Object.values(draws!).reduce((sum, count) => sum + count, 0);
      const ours: Record<string, number> = {};
      for (let imageIndex = 0; imageIndex < total; imageIndex++) {
        const drawn = drawSteps([{ policy }], { height, width }, { seed: 3, imageIndex });
        const result = Buffer.from(renderChain(image, { height, width }, drawn)).toString("hex");
        ours[result] = (ours[result] ?? 0) + 1;
      }
      for (const result of new Set([...Object.keys(draws!), ...Object.keys(ours)])) {
        const [theirs, own] = [draws![result] ?? 0, ours[result] ?? 0];
        // 4.5 standard errors of a difference of two counts.
        assert.ok(Math.abs(theirs - own) <= 4.5 * Math.sqrt(theirs + own + 1), `${name}: ${theirs}, ${own}`);
      }
    }
  });

  it("keeps a sequence as chains with chances", () => {
    const root = composition("Compose", 0.8, [flip(0.5), rotate(0.25), transform("NoOp", 1), invert(1)]);
    assert.deepEqual(policyOf(root), {
      chains: [
        [{ type: "horizontal-flip", magnitude: 0.5 }],
        [{ type: "rotate", magnitude: 30 / 180 }],
        [{ type: "invert", magnitude: 0 }],
      ],
      chances: [1, 0.25, 1],
      portion: 0.8,
      redrawn: true,
    });
    assert.deepEqual(policyOf(rotate(0.25)).chances, [0.25]);
  });

  it("makes a weighted chain of each outcome of a choice", () => {
    const choice = composition("OneOf", 0.5, [rotate(0.2), invert(0.6)]);
    const { chains, weights, portion, chances } = policyOf(composition("Compose", 1, [choice, flip(1)]));
    assert.equal(chances, undefined);
    assert.equal(portion, 1);
    const named = chains.map((chain) => chain.map(({ type }) => type).join(" "));
    assert.deepEqual(named, ["rotate horizontal-flip", "invert horizontal-flip", "horizontal-flip"]);
    assert.deepEqual(
      weights!.map((weight) => Number(weight.toFixed(12))),
      [0.125, 0.375, 0.5],
    );
  });

  it("draws magnitudes for factors from a range", () => {
    const policy = policyOf(composition("Compose", 1, [jitter(0.5), flip(0.3)]));
    assert.equal(policy.magnitudes, "drawn");
    const [[brightness], [mirrored]] = policy.chains;
    assert.equal(brightness.type, "brightness");
    assert.ok(Math.abs(brightness.magnitude * 0.99 - 0.3) < 1e-12);
    // Of a drawn magnitude, half is the average probability.
    assert.equal(mirrored.magnitude, 0.6);
    refuses(
      composition("Compose", 1, [jitter(1), rotate(1)]),
      /^transform\.transforms\[0\], ColorJitter and transform\.transforms\[1\], Rotate cannot be in one policy/,
    );
    refuses(composition("Compose", 1, [jitter(1), flip(0.6)]), /ColorJitter and .*HorizontalFlip cannot be/);
  });

  it("solarizes from the same level", () => {
    for (const [threshold, level] of [
      [0, 0],
      [0.5, 128],
      [128 / 255, 128],
      [1, 255],
    ]) {
      const root = transform("Solarize", 1, { threshold_range: [threshold, threshold] });
      const [[{ magnitude }]] = policyOf(root).chains;
      assert.equal(Math.ceil(255 * (1 - magnitude)), level);
    }
  });

  it("refuses transforms and arguments by name", () => {
    const inside = (child: object) =>
      composition("Compose", 1, [flip(0.5), composition("OneOf", 1, [child])]);
    const place = "transform\\.transforms\\[1\\]\\.transforms\\[0\\], ";
    const cases: [object, string][] = [
      [transform("GaussianBlur", 1, { blur_limit: [3, 7] }), "GaussianBlur: no technique is known"],
      [transform("Normalize", 1), "Normalize: .*save the pipeline without it$"],
      [transform("constructor", 1), "constructor: no technique"],
      [
        transform("__proto__", 1),
        "__proto__: no technique is known to do exactly the same; known are [\\w, ]+$",
      ],
      [transform("my.package.HorizontalFlip", 1), "my\\.package\\.HorizontalFlip: no technique"],
      [rotate(1, { border_mode: 4 }), "Rotate: border_mode: expected 0, received 4;"],
      [rotate(1, { border_mode: undefined }), "Rotate: border_mode: expected 0, received nothing;"],
      [rotate(1, { limit: [-10, 30] }), "Rotate: limit: expected a range around 0"],
      [rotate(1, { limit: [-190, 190] }), "Rotate: limit: expected a range around 0, up to 180"],
      [rotate(1, { limit: [Number.NaN, 1] }), "Rotate: limit"],
      [rotate(1, { fill: 128 }), "Rotate: fill: expected 0"],
      [rotate(1, { angle_range: [0, 1] }), 'Rotate: Unrecognized key: "angle_range"'],
      [transform("HorizontalFlip", 1, { always_apply: true }), "HorizontalFlip: always_apply: "],
      [transform("Posterize", 1, { num_bits: [3, 5] }), "Posterize: num_bits: expected a single value"],
      [
        transform("Posterize", 1, { num_bits: [1, 1] }),
        "Posterize: num_bits: expected a single value from 2",
      ],
      [{ ...flip(1), p: 1.5 }, ""],
    ];
    for (const [child, message] of cases) {
      const isNode = message !== "";
      refuses(inside(child), new RegExp(isNode ? `^${place}${message}` : `^${place.slice(0, -2)}: p: `));
    }
    refuses(composition("ReplayCompose", 1, [flip(1)]), /^transform, ReplayCompose: no technique is known/);
    refuses(composition("Compose", 1, [flip(1)], { preprocess: 1 }), /^transform, Compose: Unrecognized key/);
  });

  it("refuses compositions that are not known", () => {
    refuses(composition("Compose", 1, []), /^transform, Compose: it has no transforms$/);
    refuses(composition("Compose", 1, [transform("NoOp", 1)]), /it leaves all images as they are/);
    refuses(composition("Compose", 0, [flip(1)]), /it leaves all images as they are/);
    refuses(composition("OneOf", 1, [flip(0), flip(0)]), /needs a p above 0/);
    refuses(composition("OneOrOther", 1, [flip(1)]), /expected 2 transforms, received 1/);
    refuses(composition("SomeOf", 1, [flip(1), invert(1)], { n: 1, replace: true }), /SomeOf: replace: /);
    refuses(
      composition("SomeOf", 1, [flip(1), invert(1)], { n: 1, replace: false }),
      /SomeOf: it is known as of version 2\.0\.6 only/,
      "2.0.5",
    );
    refuses(jitter(1), /ColorJitter: it is known as of version 1\.4\.10 only/, "1.4.9");
    const many = Array.from({ length: 10 }, () => invert(0.5));
    refuses(composition("RandomOrder", 1, many, { n: 9, replace: false }), /more than 1000 ways/);
    const bits = (count: number) => transform("Posterize", 0.5, { num_bits: [count, count] });
    const choices = [2, 3, 4, 5].map((count) => composition("OneOf", 0.5, [bits(count), bits(count + 2)]));
    const distinct = Array.from({ length: 5 }, () => choices).flat();
    refuses(composition("Compose", 1, distinct), /combine in more than 1000 ways/);
  });

  it("refuses other versions", () => {
    for (const version of ["2.0.9", "2.1.0", "1.3.1", "1.5.0", "2.5.1", "2.0.8rc1", 2, null, "9".repeat(1e6)])
      refuses(
        flip(1),
        /^__version__: pipelines of Albumentations 1\.4 to 2\.0\.8 can be read, received/,
        version,
      );
  });
});
