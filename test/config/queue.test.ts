import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { formatValue, UsageError } from "../../src/common/errors.ts";
import { printable } from "../../src/common/printable.ts";
import { formatConfig, resolveConfig } from "../../src/config/load.ts";
import { parseQueueUrl } from "../../src/config/queue.ts";

describe("the URL of a queue", () => {
  it("has these parts, with user and password from the environment unless it has them", () => {
    const plain = { isEncrypted: false, host: "h", port: 6379, database: 0, shown: "redis://h" };
    assert.deepEqual(parseQueueUrl("redis://h", {}), plain);
    const environment = { DEEPAUGMENT_QUEUE_USER: "u", DEEPAUGMENT_QUEUE_PASSWORD: "p" };
    assert.deepEqual(parseQueueUrl("redis://h", environment), { ...plain, user: "u", password: "p" });
    assert.deepEqual(parseQueueUrl("rediss://a:b%40c@[::1]:1/12", environment), {
      ...{ isEncrypted: true, host: "::1", port: 1, database: 12, user: "a", password: "b@c" },
      shown: "rediss://[::1]:1/12",
    });
  });

  it("is refused in one line that does not contain it", () => {
    const wrong = [
      "http://u:secret@h",
      "redis:/u:secret@h",
      "redis://u:secret%@h",
      "redis://u:secret@h/x",
      "secret",
    ];
    for (const url of wrong) {
      assert.throws(
        () => parseQueueUrl(url, {}),
        (error) => error instanceof UsageError && !error.message.includes("secret"),
        url,
      );
    }
  });

  it("is kept without user and password", () => {
    const config = resolveConfig({ data: "a", queue: "redis://u:secret@h:1/2" });
    assert.equal(config.queue, "redis://u:secret@h:1/2");
    assert.match(formatConfig(config), /^queue: redis:\/\/h:1\/2$/m);
  });

  it("is shown without them in any message, and takes no time for long ones", () => {
    assert.equal(printable("cannot reach redis://u:secret@h:1/0: why"), "cannot reach redis://h:1/0: why");
    assert.equal(formatValue(`redis://u:${"s".repeat(100)}@h`), '"redis://h"');
    assert.equal(printable("a: b@c at 10:30 in x/y:z"), "a: b@c at 10:30 in x/y:z");
    printable("/".repeat(100_000) + ":".repeat(100_000));
  });
});
