// A real Redis server for tests of the queue: the system's `redis-server`, on a port of its own, without persistence. If there is
// none, these tests are skipped, unless $DEEPAUGMENT_REQUIRE_REDIS is set, as in CI.

import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

const PROGRAM: string | undefined = [
  process.env.REDIS_SERVER,
  ...(process.env.PATH ?? "").split(delimiter).map((folder) => join(folder, "redis-server")),
].find((path) => path !== undefined && path !== "" && existsSync(path));

/** Why these tests are skipped; false if they are not. */
export const SKIPPED: string | false =
  PROGRAM === undefined && !process.env.DEEPAUGMENT_REQUIRE_REDIS
    ? "needs redis-server (Debian: apt-get install redis-server)"
    : false;

/** A server that can be killed and started again. */
export class RedisServer {
  readonly port: number;
  readonly #folder = mkdtempSync(join(tmpdir(), "deepaugment-redis-"));
  readonly #options: readonly string[];
  #process: ChildProcess | undefined;

  private constructor(port: number, options: readonly string[]) {
    this.port = port;
    this.#options = options;
  }

  /** @param options of redis-server, besides. */
  static async start(...options: readonly string[]): Promise<RedisServer> {
    const server = new RedisServer(await freePort(), options);
    await server.restart();
    return server;
  }

  /** Its first database. */
  get url(): string {
    return `redis://127.0.0.1:${this.port}/0`;
  }

  /** Starts it, empty unless the options keep what it had. */
  async restart(): Promise<void> {
    if (PROGRAM === undefined) throw new Error("there is no redis-server");
    const fixed = ["--port", String(this.port), "--bind", "127.0.0.1", "--dir", this.#folder];
    const kept = this.#options.includes("--appendonly") ? [] : ["--appendonly", "no"];
    this.#process = spawn(PROGRAM, [...fixed, "--save", "", ...kept, ...this.#options], { stdio: "ignore" });
    while (!(await answers(this.port))) await sleep(20);
  }

  async kill(signal: NodeJS.Signals = "SIGKILL"): Promise<void> {
    const ended = new Promise((resolve) => this.#process?.once("exit", resolve));
    this.#process?.kill(signal);
    await ended;
  }

  /** Removes what a server that has been killed had stored. */
  forget(): void {
    for (const name of readdirSync(this.#folder)) rmSync(join(this.#folder, name), { recursive: true });
  }

  async end(): Promise<void> {
    if (this.#process?.exitCode === null && this.#process.signalCode === null) await this.kill();
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      server.close(() => (typeof address === "object" && address ? resolve(address.port) : reject()));
    });
  });
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    socket.once("connect", () => {
      socket.destroy();
      resolve(true);
    });
    socket.once("error", () => resolve(false));
  });
}
