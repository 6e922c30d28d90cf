import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { InterruptedError, RunError, UsageError } from "../../src/common/errors.ts";
import { printable, printableLines, printableStyled, shortName } from "../../src/common/printable.ts";

/** What no message may have: C0, C1, DEL, line separators, and what reverses the order of letters. */
const CONTROL = /[\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}]/u;

describe("a message", () => {
  it("has no control characters", () => {
    const cases: [string, string][] = [
      ["a\u001b[31mred", "a\\x1b[31mred"],
      ["nul \0, bell \u0007", "nul \\x00, bell \\x07"],
      ["two\nlines\r\n\tand a tab", "two\\nlines\\r\\n\\tand a tab"],
      ["\u202egnp.exe \u2066x\u2069 \u200f", "\\u202egnp.exe \\u2066x\\u2069 \\u200f"],
      ["\u007f \u009b31m \u2028 \u2029", "\\u007f \\u009b31m \\u2028 \\u2029"],
      ["naïve 猫 👩‍🔬 \\n", "naïve 猫 👩‍🔬 \\n"],
    ];
    for (const [text, shown] of cases) {
      assert.equal(printable(text), shown);
      for (const kind of [UsageError, RunError, InterruptedError])
        assert.equal(new kind(text).message, shown);
    }
  });

  it("quotes at most 200 characters of one thing, and keeps what follows", () => {
    const long = "x".repeat(100_000);
    const quoted = printable(`unknown technique "${long}"; known are crop, fog`);
    assert.match(quoted, /^unknown technique "x{199}…"; known are crop, fog$/);
    const words = printable(`class "${"a b ".repeat(30_000)}" has no image; add some`);
    assert.ok(words.length < 250 && words.endsWith('…" has no image; add some'), words);
    assert.match(printable(`expected ${long} here`), /^expected x{199}… here$/);
    assert.ok(printable(`"${"\0".repeat(1000)}"`).length <= 202);
    // A character of two halves is not cut in between.
    assert.match(printable(`"${"😀".repeat(1000)}"`), /^"(😀){99}…"$/u);
  });

  it("keeps paths, which are copied from it", () => {
    const path = `/${Array.from({ length: 15 }, (_, i) => `${i}`.padEnd(250, "d")).join("/")}`;
    const message = `interrupted; continue with: deepaugment optimize --resume ${path}`;
    assert.equal(printable(message), message);
    assert.equal(printable(`"${path}" is missing`), `"${path}" is missing`);
    assert.ok(printable(`"${"a/".repeat(100_000)}"`).length <= 202);
  });

  it("has an end, also without words or with quotation marks alone", () => {
    const text = printable(`${"it is long, ".repeat(100_000)}; remove it`);
    assert.ok(text.length <= 2000 && text.startsWith("it is long") && text.endsWith("; remove it"), text);
    const quotes = printable('"'.repeat(1_000_000));
    assert.ok(quotes.length <= 2000);
  });

  it("has none of that after another message has taken it in, and is not longer", () => {
    const part = fc.oneof(
      fc.string({ unit: "binary" }),
      fc.constantFrom('"', "x".repeat(300), "\u001b[1m", "\n", "a/b/c", `${"y ".repeat(200)}`),
    );
    fc.assert(
      fc.property(fc.array(part, { maxLength: 30 }), (parts) => {
        const once = printable(parts.join(""));
        const twice = printable(once);
        assert.doesNotMatch(twice, CONTROL);
        assert.ok(twice.length <= once.length);
        if (once.length < 200) assert.equal(twice, once);
      }),
    );
  });
});

describe("text for a terminal", () => {
  it("keeps its styles and nothing else of what a terminal acts on", () => {
    assert.equal(printableStyled("\u001b[1mbold\u001b[22m\u001b[2J\n"), "\u001b[1mbold\u001b[22m\\x1b[2J\\n");
    assert.equal(
      printableLines("\u001b[32mgreen\u001b[39m\nnext\u001b]0;title\u0007"),
      "\u001b[32mgreen\u001b[39m\nnext\\x1b]0;title\\x07",
    );
  });

  it("is JSON again if it was", () => {
    const value = { name: "\u001b\0\u007f\u009b\u2028\u202e\n" };
    const shown = printableLines(JSON.stringify(value, null, 2));
    assert.deepEqual(JSON.parse(shown), value);
    assert.doesNotMatch(shown.replaceAll("\n", ""), CONTROL);
  });

  it("has short names", () => {
    assert.equal(shortName("cat"), "cat");
    assert.equal(shortName("a\nb"), "a\\nb");
    assert.equal(shortName("c".repeat(1e6)).length, 200);
  });
});
