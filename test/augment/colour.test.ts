import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { renderChain } from "../../src/augment/chain.ts";
import { addToHueAndSaturation } from "../../src/augment/colour.ts";
import { Random } from "../../src/common/random.ts";
import { hsvToRgb, rgbToHsv } from "./hsv.ts";

type Triple = [number, number, number];
const unpacked = (packed: number): Triple => [packed >> 16, (packed >> 8) & 255, packed & 255];

/** Red, green, blue; hue, saturation, value; red, green, blue again: as converted by OpenCV 4.11. */
const OPENCV: [Triple, Triple, Triple][] = [
  [
    [255, 0, 0],
    [0, 255, 255],
    [255, 0, 0],
  ],
  [
    [0, 255, 0],
    [60, 255, 255],
    [0, 255, 0],
  ],
  [
    [0, 0, 255],
    [120, 255, 255],
    [0, 0, 255],
  ],
  [
    [255, 255, 0],
    [30, 255, 255],
    [255, 255, 0],
  ],
  [
    [0, 255, 255],
    [90, 255, 255],
    [0, 255, 255],
  ],
  [
    [255, 0, 255],
    [150, 255, 255],
    [255, 0, 255],
  ],
  [
    [128, 128, 128],
    [0, 0, 128],
    [128, 128, 128],
  ],
  [
    [12, 200, 99],
    [74, 240, 200],
    [12, 200, 100],
  ],
  [
    [250, 3, 4],
    [0, 252, 250],
    [250, 3, 3],
  ],
  [
    [90, 61, 33],
    [15, 161, 90],
    [90, 62, 33],
  ],
  [
    [17, 18, 19],
    [105, 27, 19],
    [17, 18, 19],
  ],
  [
    [200, 199, 100],
    [30, 127, 200],
    [200, 200, 100],
  ],
  [
    [3, 90, 91],
    [90, 247, 91],
    [3, 91, 91],
  ],
];

/** Hue, saturation, value to red, green, blue, as converted by OpenCV 4.11 (without its vector instructions). */
const OPENCV_BACK: [Triple, Triple][] = [
  [
    [44, 77, 10],
    [9, 10, 7],
  ],
  [
    [89, 200, 201],
    [43, 201, 196],
  ],
  [
    [91, 200, 201],
    [43, 196, 201],
  ],
  [
    [119, 13, 255],
    [242, 242, 255],
  ],
  [
    [150, 99, 98],
    [98, 60, 98],
  ],
  [
    [179, 255, 255],
    [255, 0, 8],
  ],
  [
    [179, 1, 1],
    [1, 1, 1],
  ],
  [
    [17, 254, 3],
    [3, 2, 0],
  ],
  [
    [135, 31, 222],
    [209, 195, 222],
  ],
  [
    [75, 180, 60],
    [18, 60, 39],
  ],
];

describe("HSV", () => {
  it("equals OpenCV's, both ways", () => {
    for (const [rgb, hsv, back] of OPENCV) {
      assert.deepEqual(unpacked(rgbToHsv(...rgb)), hsv);
      assert.deepEqual(unpacked(hsvToRgb(...hsv)), back);
    }
    for (const [hsv, rgb] of OPENCV_BACK) assert.deepEqual(unpacked(hsvToRgb(...hsv)), rgb);
  });

  it("returns greys exactly, and whole hues at every value", () => {
    for (let v = 0; v < 256; v++) {
      assert.deepEqual(unpacked(rgbToHsv(v, v, v)), [0, 0, v]);
      assert.deepEqual(unpacked(hsvToRgb(77, 0, v)), [v, v, v]);
      if (v === 0) continue;
      const pure: Triple[] = [
        [v, 0, 0],
        [v, v, 0],
        [0, v, 0],
        [0, v, v],
        [0, 0, v],
        [v, 0, v],
      ];
      for (const [sextant, rgb] of pure.entries()) {
        assert.deepEqual(unpacked(rgbToHsv(...rgb)), [30 * sextant, 255, v]);
        assert.deepEqual(unpacked(hsvToRgb(30 * sextant, 255, v)), rgb);
      }
    }
  });

  it("keeps the brightest channel, and the others within the steps of hue and saturation", () => {
    const random = new Random(4);
    for (let i = 0; i < 20_000; i++) {
      const rgb: Triple = [random.integer(0, 255), random.integer(0, 255), random.integer(0, 255)];
      const hsv = unpacked(rgbToHsv(...rgb));
      assert.ok(hsv[0] < 180);
      const back = unpacked(hsvToRgb(...hsv));
      assert.equal(Math.max(...back), Math.max(...rgb));
      for (let c = 0; c < 3; c++) assert.ok(Math.abs(back[c] - rgb[c]) <= 6);
    }
  });
});

describe("add-to-hue-and-saturation", () => {
  it("equals the scalar HSV code, on a million colours", () => {
    const colours = new Uint8Array(256 * 256 * 16 * 3);
    for (let i = 0; i < colours.length; i += 3) {
      const n = i / 3;
      colours[i] = n >> 12;
      colours[i + 1] = n >> 4;
      colours[i + 2] = 17 * (n & 15);
    }
    const shape = { height: 1024, width: 1024 };
    for (const added of [-45, 0, 22]) {
      const result = renderChain(colours, shape, [
        { type: "add-to-hue-and-saturation", parameters: { added } },
      ]);
      let differing = 0;
      for (let i = 0; i < colours.length; i += 3) {
        const hsv = rgbToHsv(colours[i], colours[i + 1], colours[i + 2]);
        const saturation = Math.min(255, Math.max(0, ((hsv >> 8) & 255) + added));
        const rgb = hsvToRgb(((hsv >> 16) + added + 180) % 180, saturation, hsv & 255);
        if (((result[i] << 16) | (result[i + 1] << 8) | result[i + 2]) !== rgb) differing++;
      }
      assert.equal(differing, 0, `added ${added}`);
    }
  });

  const rendered = (rgb: Triple, added: number) =>
    Array.from(
      renderChain(Uint8Array.from(rgb), { height: 1, width: 1 }, [
        { type: "add-to-hue-and-saturation", parameters: { added } },
      ]),
    );

  it("wraps the hue and clips the saturation", () => {
    // Red, 0 - 30 = 150: magenta; its saturation 255 - 30 leaves 30 of green.
    assert.deepEqual(rendered([255, 0, 0], -30), [255, 30, 255]);
    assert.deepEqual(rendered([255, 0, 0], 30), [255, 255, 0]);
    // Grey has hue 0; adding 30 to the saturation makes it yellowish, subtracting leaves it unchanged.
    assert.deepEqual(rendered([100, 100, 100], 30), unpacked(hsvToRgb(30, 30, 100)));
    assert.deepEqual(rendered([100, 100, 100], -30), [100, 100, 100]);
  });

  it("draws whole numbers from -45 m to 45 m", () => {
    const random = new Random(6);
    const seen = new Set<number>();
    for (let i = 0; i < 1000; i++) {
      seen.add(addToHueAndSaturation.draw(0.1, { height: 1, width: 1 }, random).added);
    }
    assert.deepEqual(
      [...seen].sort((a, b) => a - b),
      [-4, -3, -2, -1, 0, 1, 2, 3, 4],
    );
  });
});
