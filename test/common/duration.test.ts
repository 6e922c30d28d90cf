import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { parseDuration, roundUpDuration } from "../../src/common/duration.ts";

describe("parseDuration", () => {
  it("reads hours, minutes and seconds, in this order", () => {
    const times = {
      "30m": 1800,
      "1h": 3600,
      "1h30m": 5400,
      "90s": 90,
      " 1.5h ": 5400,
      "1h2m3s": 3723,
      "8h": 28_800,
    };
    for (const [text, seconds] of Object.entries(times)) assert.equal(parseDuration(text), seconds, text);
  });

  it("refuses all else", () => {
    for (const text of [
      "",
      "30",
      "1 h",
      "m",
      "30m1h",
      "-1h",
      "0s",
      "0h0m",
      "1d",
      "1h30",
      "1e3s",
      "h",
      "1..5h",
    ])
      assert.equal(parseDuration(text), undefined, text);
  });
});

describe("roundUpDuration", () => {
  it("is at least the time, in a form that is read again", () => {
    const texts = { 0.1: "10s", 90: "90s", 91: "100s", 120: "120s", 121: "3m", 1500: "25m", 3540: "59m" };
    const longer = { 3541: "1h", 3600: "1h", 3601: "1h5m", 5400: "1h30m", 7190: "2h", 360000: "100h" };
    for (const [seconds, text] of Object.entries({ ...texts, ...longer })) {
      assert.equal(roundUpDuration(Number(seconds)), text);
      assert.ok(parseDuration(text)! >= Number(seconds));
    }
  });
});
