// Real trainings through an encrypted Redis server, whose certificate is of an authority that openssl makes for the test.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { SAMPLE_ARCHIVE } from "../fixtures/sample.ts";
import { type CertificateFiles, RedisServer, TLS_SKIPPED } from "../search/executors/redis-server.ts";
import { run, start } from "./run.ts";

const root = mkdtempSync(join(tmpdir(), "deepaugment-queue-tls-"));
const home = (name: string) => ({ DEEPAUGMENT_HOME: join(root, name) });

function openssl(...args: string[]): void {
  const { status, stderr } = spawnSync("openssl", args, { encoding: "utf8" });
  assert.equal(status, 0, stderr);
}

const NEW_KEY = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];

/** The certificate of an authority of this name. */
function makeAuthority(name: string): { readonly certificate: string; readonly key: string } {
  const [certificate, key] = [join(root, `${name}.pem`), join(root, `${name}.key`)];
  openssl(
    "req",
    "-x509",
    ...NEW_KEY,
    "-keyout",
    key,
    "-out",
    certificate,
    "-days",
    "2",
    "-subj",
    `/CN=${name}`,
  );
  return { certificate, key };
}

/** A certificate for this machine. */
function makeCertificate(): CertificateFiles {
  const authority = makeAuthority("authority");
  const [key, request, certificate, names] = ["server.key", "server.csr", "server.pem", "names"].map((name) =>
    join(root, name),
  );
  openssl("req", "-new", ...NEW_KEY, "-keyout", key, "-out", request, "-subj", "/CN=localhost");
  writeFileSync(names, "subjectAltName=DNS:localhost,IP:127.0.0.1\n");
  const signed = [
    "-CA",
    authority.certificate,
    "-CAkey",
    authority.key,
    "-CAcreateserial",
    "-extfile",
    names,
  ];
  openssl("x509", "-req", "-in", request, ...signed, "-days", "2", "-out", certificate);
  return { authority: authority.certificate, certificate, key };
}

describe("an encrypted queue", { skip: TLS_SKIPPED, timeout: 300_000 }, () => {
  let server: RedisServer;
  let files: CertificateFiles;

  before(async () => {
    files = makeCertificate();
    server = await RedisServer.startEncrypted(files);
  });
  after(async () => {
    await server?.end();
    rmSync(root, { recursive: true, force: true });
  });

  it("trains if its authority is given", async () => {
    const trusted = { NODE_EXTRA_CA_CERTS: files.authority };
    const byName = server.url.replace("127.0.0.1", "localhost");
    const worker = start(["worker", "--queue", byName, "--workers", "1", "--engine", "wasm"], {
      ...{ ...home("worker"), ...trusted },
    });
    const settings = {
      ...{ data: SAMPLE_ARCHIVE, image_size: 10, train_set_size: 20, validation_set_size: 10 },
      ...{ model: "basiccnn", child_batch_size: 10, child_epochs: 2, iterations: 2, confirm_top: 0 },
      ...{ families: "none", bases: "[none]", engine: "wasm", queue: server.url },
    };
    const sets = Object.entries(settings).flatMap(([key, value]) => ["--set", `${key}=${value}`]);
    const search = await run(["optimize", "--out", join(root, "out"), ...sets], {
      ...home("home"),
      ...trusted,
    });
    worker.process.kill("SIGTERM");
    const { stderr } = await worker.finished;
    assert.equal(search.code, 0, search.stderr);
    assert.match(stderr, /^Training for rediss:\/\/localhost:\d+\/0: /);
    assert.match(stderr, /stopped; 3 trainings finished, 0 failed\n$/);
    assert.doesNotMatch(search.stderr + stderr, /[Ww]arning|certificate/);
  });

  it("is refused in one line without its authority, or with another one", async () => {
    const { certificate } = makeAuthority("another");
    const environments: Record<string, string>[] = [{}, { NODE_EXTRA_CA_CERTS: certificate }];
    for (const environment of environments) {
      const { code, stderr } = await run(["workers", "--queue", server.url], environment);
      assert.equal(code, 1, stderr);
      assert.match(
        stderr,
        /^deepaugment: rediss:\/\/127\.0\.0\.1:\d+\/0 cannot be trusted: this machine does not know the authority of its certificate \([A-Z_]+\); set NODE_EXTRA_CA_CERTS to a file with [^\n]+\n$/,
      );
    }
  });

  it("is refused in one line without encryption", async () => {
    const { code, stderr } = await run(["workers", "--queue", server.url.replace("rediss:", "redis:")]);
    assert.equal(code, 1, stderr);
    assert.match(stderr, /^deepaugment: cannot reach the queue redis:[^\n]+\n$/);
  });
});
