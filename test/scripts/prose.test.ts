// The search for words that our prose avoids.

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { findHits } from "../../scripts/prose/glossary.ts";

const found = (text: string) => findHits(text).map(({ term, line }) => `${line} ${term.name}`);

describe("the prose glossary", () => {
  it("finds old-sense uses, also across the lines of a comment", () => {
    assert.deepEqual(found("// Undefined where it is missing.\n"), ["1 where (condition)"]);
    assert.deepEqual(found("/**\n * @throws UsageError where\n * the file is damaged.\n */"), [
      "2 where (condition)",
    ]);
    assert.deepEqual(found("a();\n// The line that tells it.\nb(); // It goes on."), [
      "2 tells, is told",
      "3 goes on",
    ]);
    assert.deepEqual(found('fail("the value is none of these")'), ["1 is none (of)"]);
    assert.deepEqual(found("As Keras has it, so many, whatever asks; what trees make of it."), [
      "1 whoever, whatever asks",
      "1 so many",
      "1 foretell, make of",
      "1 has it that, as … has it",
    ]);
  });

  it("leaves places, formulas, names and plain English alone", () => {
    for (const text of [
      "the folder where the pictures are",
      "It says where the file was found.",
      "/** Where trainings run; this process by default. */",
      "y = f(x), where x is the input",
      "const where = places[0]; controller.tell(where); told.push(where);",
      "FILE stands for the path, and a stub stands in for the package.",
      "There are none. It is made of glass. As many as before.",
      "so many that it takes a minute; so much faster",
      "the same result whatever the order; values lie between 0 and 1",
      "// Where trainings run: the interface.",
      "The caller decides where a training runs. One continues where the other ends.",
    ]) {
      assert.deepEqual(found(text), [], text);
    }
  });
});
