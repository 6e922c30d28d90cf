import assert from "node:assert/strict";
import { homedir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
import { homeFolder } from "../../src/common/home.ts";

describe("homeFolder", () => {
  it("is DEEPAUGMENT_HOME, or in the platform's cache folder", () => {
    assert.equal(homeFolder({ DEEPAUGMENT_HOME: "/data/augment" }, "darwin"), "/data/augment");
    assert.equal(homeFolder({}, "linux"), join(homedir(), ".cache", "deepaugment"));
    assert.equal(homeFolder({ XDG_CACHE_HOME: "/cache" }, "linux"), join("/cache", "deepaugment"));
    assert.equal(homeFolder({}, "darwin"), join(homedir(), "Library", "Caches", "deepaugment"));
    assert.equal(homeFolder({ LOCALAPPDATA: "/local" }, "win32"), join("/local", "deepaugment", "Cache"));
  });
});
