// The report that is served: who may read it, and what is sent after a change.

import assert from "node:assert/strict";
import { appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { get, request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { serveReport } from "../../src/report/serve.ts";
import { makeExperiment } from "./made-experiment.ts";

const root = mkdtempSync(join(tmpdir(), "deepaugment-serve-"));
process.env.DEEPAUGMENT_HOME = join(root, "home");
after(() => rmSync(root, { recursive: true }));

interface Answer {
  readonly status: number | undefined;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly text: string;
}

function ask(address: string, headers: Record<string, string> = {}, method = "GET"): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const asked = request(address, { method, headers }, (response) => {
      let text = "";
      response.setEncoding("utf8").on("data", (part) => {
        text += part;
      });
      response.on("end", () => resolve({ status: response.statusCode, headers: response.headers, text }));
    });
    asked.on("error", reject).end();
  });
}

describe("serveReport", () => {
  const folder = makeExperiment(join(root, "search"), { trials: 5 });
  const stop = new AbortController();
  let address: string;
  let served: Promise<unknown>;
  before(async () => {
    address = await new Promise((resolve, reject) => {
      served = serveReport({ folder, port: 0, signal: stop.signal, onServing: resolve });
      served.catch(reject);
    });
  });

  it("serves the page and the numbers on 127.0.0.1", async () => {
    assert.match(address, /^http:\/\/127\.0\.0\.1:\d+\/$/);
    const page = await ask(address);
    assert.equal(page.status, 200);
    assert.match(page.text, /^<!doctype html>/);
    assert.match(page.text, /connect-src 'self'/);
    assert.equal(page.headers["x-frame-options"], "DENY");
    assert.equal(page.headers["access-control-allow-origin"], undefined);
    const numbers = await ask(`${address}report.json`);
    assert.equal(JSON.parse(numbers.text).format, "deepaugment-report");
    assert.equal((await ask(`${address}../../etc/passwd`)).status, 404);
  });

  it("refuses other names of this machine", async () => {
    const { port } = new URL(address);
    for (const host of [`evil.example:${port}`, "127.0.0.1", `127.0.0.1.evil.example:${port}`]) {
      for (const path of ["", "events", "report.json"])
        assert.equal((await ask(address + path, { host })).status, 403, `${host} ${path}`);
    }
    assert.equal((await ask(address, { host: `localhost:${port}` })).status, 200);
  });

  it("only reads", async () => {
    for (const method of ["POST", "PUT", "DELETE", "OPTIONS", "PATCH"]) {
      const { status, headers } = await ask(address, {}, method);
      assert.equal(status, 405, method);
      assert.equal(headers.allow, "GET");
    }
  });

  it("sends the content again after a change, and says it if a file is damaged", async () => {
    const events = new Events(`${address}events`);
    assert.equal((await events.next()).report.search.trials.length, 6);
    const notebook = join(folder, "notebook.csv");
    const before = readFileSync(notebook, "utf8");
    const last = before.trimEnd().split("\n").slice(-5);
    appendFileSync(notebook, `${last.map((row) => row.replace(/^5,/, "6,")).join("\n")}\n`);
    assert.equal((await events.next()).report.search.trials.length, 7);
    writeFileSync(notebook, "nothing\n");
    assert.match(await events.next(), /is not a notebook of a search/);
    writeFileSync(notebook, before);
    assert.equal((await events.next()).report.search.trials.length, 6);
    events.close();
  });

  it("says which port is taken", async () => {
    const { port } = new URL(address);
    const { signal } = new AbortController();
    const second = serveReport({ folder, port: Number(port), signal, onServing: () => {} });
    await assert.rejects(second, {
      name: "RunError",
      message: /cannot serve on port \d+: .*give another --port/,
    });
  });

  it("ends with readers connected", async () => {
    const events = new Events(`${address}events`);
    await events.next();
    stop.abort();
    await assert.rejects(served, { name: "InterruptedError" });
    await assert.rejects(ask(address));
  });
});

/** The data of server-sent events, one after the other. */
class Events {
  readonly #request: ReturnType<typeof get>;
  readonly #waiting: ((data: string) => void)[] = [];
  readonly #come: string[] = [];

  constructor(address: string) {
    let rest = "";
    this.#request = get(address, (response) => {
      response.on("error", () => {});
      response.setEncoding("utf8").on("data", (part: string) => {
        const events = (rest + part).split("\n\n");
        rest = events.pop() ?? "";
        for (const event of events) this.#take(event);
      });
    });
    this.#request.on("error", () => {});
  }

  #take(event: string): void {
    const data = /^data: (.*)$/m.exec(event)?.[1];
    if (data === undefined) return;
    const next = this.#waiting.shift();
    if (next) next(data);
    else this.#come.push(data);
  }

  // biome-ignore lint/suspicious/noExplicitAny: JSON of any event
  async next(): Promise<any> {
    const come = this.#come.shift();
    return JSON.parse(come ?? (await new Promise<string>((resolve) => this.#waiting.push(resolve))));
  }

  close(): void {
    this.#request.destroy();
  }
}
