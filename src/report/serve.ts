// Serves a report on this machine, and sends its content again after each change: server-sent events (HTML standard, section
// 9.2). Only reads. A page of another site could reach this server through a name of its own that it lets point to 127.0.0.1 (DNS
// rebinding), so requests that name another host are refused.

import { readdirSync, statSync } from "node:fs";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { InterruptedError, messageOf, RunError, systemCode, systemReason } from "../common/errors.ts";
import { evaluationPath } from "../evaluate/results.ts";
import { ContentMaker } from "./content.ts";
import type { PageContent } from "./contents.ts";
import { pageOf } from "./page.ts";

export interface ServeOptions {
  readonly folder: string;
  /** Missing: the usual one, or any if that is taken. 0: any. */
  readonly port?: number;
  /** Ends it. */
  readonly signal: AbortSignal;
  readonly onServing: (address: string) => void;
}

const HOST = "127.0.0.1";
const USUAL_PORT = 6116;
/** How often files are looked at, in milliseconds. */
const LOOK = 500;
/** A report is made again at most so often that making it takes this share of the time: the search needs the processor. */
const MOST_SHARE = 0.1;
/** A comment for connections that would be closed if nothing was sent, in milliseconds. */
const BEAT = 15_000;

const HEADERS = {
  "Cache-Control": "no-store",
  "Cross-Origin-Resource-Policy": "same-origin",
  "Referrer-Policy": "no-referrer",
  "X-Content-Type-Options": "nosniff",
  "X-Frame-Options": "DENY",
};

/**
 * Returns only by an error.
 * @throws InterruptedError when the signal is aborted; RunError if the port cannot be used; UsageError like `reportOf` if the
 *   folder cannot be read at the start.
 */
export async function serveReport(options: ServeOptions): Promise<never> {
  const { folder, signal } = options;
  const maker = new ContentMaker(folder, { isLive: true, signal });
  const live = new LiveReport(await maker.make());
  const server = createServer((request, response) => live.answer(request, response));
  const port = await listen(server, options.port);
  try {
    options.onServing(`http://${HOST}:${port}/`);
    await live.follow(folder, maker, signal);
    throw new InterruptedError("interrupted: the report is no longer served");
  } finally {
    server.close();
    server.closeAllConnections();
  }
}

/** @returns the port. @throws RunError */
async function listen(server: Server, port = USUAL_PORT, isGiven = port !== USUAL_PORT): Promise<number> {
  try {
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject);
      server.listen(port, HOST, () => {
        server.off("error", reject);
        resolve();
      });
    });
  } catch (error) {
    if (!isGiven && systemCode(error) === "EADDRINUSE") return listen(server, 0, true);
    throw new RunError(`cannot serve on port ${port}: ${systemReason(error)}; give another --port`);
  }
  const address = server.address();
  return typeof address === "object" && address ? address.port : port;
}

class LiveReport {
  #content: PageContent;
  readonly #readers = new Set<ServerResponse>();

  constructor(content: PageContent) {
    this.#content = content;
  }

  answer(request: IncomingMessage, response: ServerResponse): void {
    const [path] = (request.url ?? "/").split("?");
    if (!isOwnHost(request)) refuse(response, 403, "this server answers on 127.0.0.1 and localhost only");
    else if (request.method !== "GET") refuse(response, 405, "this server only reads");
    else if (path === "/") send(response, "text/html", pageOf(this.#content));
    else if (path === "/report.json")
      send(response, "application/json", JSON.stringify(this.#content.report));
    else if (path === "/events") this.#subscribe(request, response);
    else refuse(response, 404, "there is / and /report.json");
  }

  /** Looks for changes until the signal is aborted. */
  async follow(folder: string, maker: ContentMaker, signal: AbortSignal): Promise<void> {
    let seen = stateOf(folder);
    let beat = performance.now();
    let pause = LOOK;
    while (await wait(pause, signal)) {
      pause = LOOK;
      if (performance.now() - beat > BEAT) {
        beat = performance.now();
        for (const reader of this.#readers) reader.write(":\n\n");
      }
      const state = stateOf(folder);
      if (state === seen) continue;
      const start = performance.now();
      try {
        this.#content = await maker.make();
        seen = state;
        this.#send("report", this.#content);
      } catch (error) {
        if (error instanceof InterruptedError) return;
        // A file may be half written, or gone: the next change may fix it.
        this.#send("problem", messageOf(error));
      }
      pause = Math.max(LOOK, (performance.now() - start) / MOST_SHARE);
    }
  }

  #subscribe(request: IncomingMessage, response: ServerResponse): void {
    response.writeHead(200, { ...HEADERS, "Content-Type": "text/event-stream; charset=utf-8" });
    response.write(eventOf("report", this.#content));
    this.#readers.add(response);
    request.on("close", () => this.#readers.delete(response));
  }

  #send(event: string, data: unknown): void {
    const text = eventOf(event, data);
    for (const reader of this.#readers) reader.write(text);
  }
}

function send(response: ServerResponse, type: string, text: string): void {
  response.writeHead(200, { ...HEADERS, "Content-Type": `${type}; charset=utf-8` });
  response.end(text);
}

function refuse(response: ServerResponse, code: number, reason: string): void {
  response.writeHead(code, { ...HEADERS, "Content-Type": "text/plain; charset=utf-8", Allow: "GET" });
  response.end(`${reason}\n`);
}

function eventOf(event: string, data: unknown): string {
  return `event: ${event}\ndata: ${JSON.stringify(data)}\n\n`;
}

/** Whether the request names this machine: 127.0.0.1 or localhost, with the port of the server. */
function isOwnHost({ headers, socket }: IncomingMessage): boolean {
  const port = socket.localPort;
  return [`${HOST}:${port}`, `localhost:${port}`].includes(headers.host ?? "");
}

async function wait(milliseconds: number, signal: AbortSignal): Promise<boolean> {
  try {
    await sleep(milliseconds, undefined, { signal });
    return true;
  } catch {
    return false;
  }
}

/** Changes whenever a file of the folder, or of the evaluation in it, does. */
function stateOf(folder: string): string {
  return [folder, evaluationPath(folder)]
    .flatMap((each) => namesIn(each).map((name) => join(each, name)))
    .map((path) => {
      const stats = statSync(path, { throwIfNoEntry: false });
      return `${path} ${stats?.size} ${stats?.mtimeMs}`;
    })
    .join("\n");
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder)
      .filter((name) => /\.(csv|json|yaml|lock|log)$/.test(name))
      .sort();
  } catch {
    return [];
  }
}
