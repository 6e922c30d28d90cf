import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { describe, it } from "node:test";
import { count, formatPoints, quoteForShell } from "../../src/cli/format.ts";

describe("count", () => {
  it("has the noun in the form of its number", () => {
    assert.deepEqual(
      [count(0, "training"), count(1, "training"), count(2, "training"), count(1, "policy", "policies")],
      ["0 trainings", "1 training", "2 trainings", "1 policy"],
    );
    assert.equal(count(5, "policy", "policies"), "5 policies");
  });
});

describe("formatPoints", () => {
  it("is a difference of shares in percent, with one digit", () => {
    assert.deepEqual([0.0334, -0.009, 0].map(formatPoints), ["3.3", "−0.9", "0.0"]);
  });
});

describe("quoteForShell", () => {
  const names = [
    "photos/",
    "two words",
    "it's",
    "$HOME",
    "a;b",
    "*",
    "-x",
    "",
    "~/photos",
    "ünïcode",
    "a\\b",
  ];

  it("leaves harmless names as they are", () => {
    assert.equal(
      quoteForShell("reports/experiments/2026-01-31_12-00-00"),
      "reports/experiments/2026-01-31_12-00-00",
    );
    assert.equal(quoteForShell("two words"), "'two words'");
  });

  it("gives arguments that a shell takes as they were", { skip: process.platform === "win32" }, () => {
    const command = `printf '%s\\n' ${names.map(quoteForShell).join(" ")}`;
    assert.equal(execFileSync("sh", ["-c", command], { encoding: "utf8" }), `${names.join("\n")}\n`);
  });
});
