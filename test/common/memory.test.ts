// The memory that is available to this process, with and without the limit of a container.

import assert from "node:assert/strict";
import { totalmem } from "node:os";
import { describe, it, mock } from "node:test";
import { describeMachine } from "../../src/common/machine.ts";
import { memoryLimit } from "../../src/common/memory.ts";

/** Runs `check` in a container with this limit in bytes; 0 if there is none. */
function inContainer(limit: number, check: () => void): void {
  const { mock: stub } = mock.method(process, "constrainedMemory", () => limit);
  try {
    check();
  } finally {
    stub.restore();
  }
}

describe("the available memory", () => {
  it("is the container's if that has less than the machine", () => {
    const limit = Math.floor(totalmem() / 2);
    inContainer(limit, () => {
      assert.equal(memoryLimit(), limit);
      assert.equal(describeMachine().memoryGigabytes, Math.round(limit / 1e9));
    });
  });

  it("is the machine's if the container has no limit, or a larger one", () => {
    for (const limit of [0, 2 * totalmem(), 2 ** 63]) {
      inContainer(limit, () => {
        assert.equal(memoryLimit(), totalmem());
        assert.equal(describeMachine().memoryGigabytes, Math.round(totalmem() / 1e9));
      });
    }
  });
});
