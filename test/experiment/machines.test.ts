import assert from "node:assert/strict";
import { appendFileSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { StorageError } from "../../src/common/errors.ts";
import { appendPlace, readPlaces } from "../../src/experiment/machines.ts";

const root = mkdtempSync(join(tmpdir(), "deepaugment-machines-"));
after(() => rmSync(root, { recursive: true }));

const place = { host: "box-a", engine: "native", precision: "float32", kernels: "avx512", device: null };

describe("machines.csv", () => {
  it("gives what each training ran on: of two rows the last, of a cut one nothing", () => {
    const path = join(root, "machines.csv");
    assert.equal(readPlaces(path).size, 0);
    appendPlace(path, "trial 1, sample 0", place);
    const other = { ...place, host: "box, b", engine: "webgpu", kernels: null, device: 'the "card"' };
    appendPlace(path, "trial 2, sample 0", place);
    appendPlace(path, "trial 1, sample 0", other);
    appendFileSync(path, '"trial 3, sample 0",box-c,nat');
    assert.deepEqual(
      [...readPlaces(path)],
      [
        ["trial 1, sample 0", other],
        ["trial 2, sample 0", place],
      ],
    );
    assert.match(readFileSync(path, "utf8"), /^training,host,engine,precision,kernels,device\n/);
  });

  it("that cannot be written is no failure of the training", () => {
    assert.throws(
      () => appendPlace(join(root, "missing", "machines.csv"), "trial 1, sample 0", place),
      StorageError,
    );
  });
});
