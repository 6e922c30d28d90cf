// A real Redis server for tests of the queue: the system's `redis-server`, on a port of its own, without persistence. If there is
// none, these tests are skipped, unless $DEEPAUGMENT_REQUIRE_REDIS is set, as in CI.

import { type ChildProcess, spawn, spawnSync } from "node:child_process";
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

/** The same of tests of encryption, which also need openssl, and a server that was built with TLS. */
export const TLS_SKIPPED: string | false =
  SKIPPED || (process.env.DEEPAUGMENT_REQUIRE_REDIS ? false : lackOfTls());

function lackOfTls(): string | false {
  if (spawnSync("openssl", ["version"]).status !== 0) return "needs openssl";
  // Without a certificate, it ends at once; without TLS, because it does not know the option.
  const { stdout, stderr } = spawnSync(PROGRAM!, ["--port", "0", "--tls-port", "1"], {
    encoding: "utf8",
    timeout: 5000,
  });
  return /Bad directive/.test(stdout + stderr) ? "needs a redis-server with TLS" : false;
}

/** Files in PEM, for a server that is encrypted. */
export interface CertificateFiles {
  readonly authority: string;
  readonly certificate: string;
  readonly key: string;
}

/** A server that can be killed and started again. */
export class RedisServer {
  readonly port: number;
  readonly #folder = mkdtempSync(join(tmpdir(), "deepaugment-redis-"));
  readonly #options: readonly string[];
  readonly #scheme: string;
  #process: ChildProcess | undefined;

  private constructor(port: number, options: readonly string[], scheme = "redis") {
    this.port = port;
    this.#options = options;
    this.#scheme = scheme;
  }

  /** @param options of redis-server, besides. */
  static async start(...options: readonly string[]): Promise<RedisServer> {
    const server = new RedisServer(await freePort(), options);
    await server.restart();
    return server;
  }

  /** Accepts encrypted connections only; clients need no certificate. */
  static async startEncrypted({ authority, certificate, key }: CertificateFiles): Promise<RedisServer> {
    const port = await freePort();
    const files = ["--tls-cert-file", certificate, "--tls-key-file", key, "--tls-ca-cert-file", authority];
    const options = ["--port", "0", "--tls-port", String(port), "--tls-auth-clients", "no", ...files];
    const server = new RedisServer(port, options, "rediss");
    await server.restart();
    return server;
  }

  /** Its first database. */
  get url(): string {
    return `${this.#scheme}://127.0.0.1:${this.port}/0`;
  }

  /** Starts it, empty unless the options keep what it had. */
  async restart(): Promise<void> {
    if (PROGRAM === undefined) throw new Error("there is no redis-server");
    const fixed = ["--port", String(this.port), "--bind", "127.0.0.1", "--dir", this.#folder];
    const kept = this.#options.includes("--appendonly") ? [] : ["--appendonly", "no"];
    this.#process = spawn(PROGRAM, [...fixed, "--save", "", ...kept, ...this.#options], { stdio: "ignore" });
    while (!(await answers(this.port))) {
      if (this.#process.exitCode !== null) throw new Error("redis-server has ended");
      await sleep(20);
    }
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
