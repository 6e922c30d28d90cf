// TensorFlow's own library behind TensorFlow.js: the package tfjs-node, or tfjs-node-gpu, if the user has installed it. It
// cannot be bundled, and its installation downloads libtensorflow. Its last release is 4.22.0 (2024).

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { isSea } from "node:sea";
import util from "node:util";
import {
  findBackend,
  env as flags,
  getBackend,
  type KernelBackend,
  setBackend,
  version_core,
} from "@tensorflow/tfjs-core";
import { messageOf, systemCode } from "../../common/errors.ts";
import type { EngineMissing } from "../types.ts";
import { sharing } from "./globals.ts";

/** The name by which the package registers its backend. */
export const TENSORFLOW_BACKEND = "tensorflow";

const GPU_PACKAGE = "@tensorflow/tfjs-node-gpu";
const PACKAGES = [GPU_PACKAGE, "@tensorflow/tfjs-node"] as const;

/** The libraries of CUDA, cuDNN and the driver on Linux, in the versions that the package's libtensorflow needs. */
const CUDA_LIBRARIES = ["libcuda.so.1", "libcudart.so.11.0", "libcublas.so.11", "libcudnn.so.8"];

export interface TfjsNode {
  /** Of libtensorflow, such as "2.9.1". */
  readonly tensorflow: string;
  readonly isOnGraphicsCard: boolean;
}

/** The members of its backend that are used here. */
interface TfjsNodeBackend extends KernelBackend {
  readonly binding: { readonly TF_Version: string };
  readonly isUsingGpuDevice: boolean;
}

interface Installed {
  readonly name: string;
  /** Of the file that `require` loads. */
  readonly path: string;
}

let loaded: Promise<TfjsNode | EngineMissing> | undefined;

/** The package, loaded once in a process, with its backend registered; or why it is not available. */
export function loadTfjsNode(): Promise<TfjsNode | EngineMissing> {
  loaded ??= load();
  return loaded;
}

async function load(): Promise<TfjsNode | EngineMissing> {
  const installed = locate();
  if (!installed) {
    return {
      missing: "is not installed",
      fix: `npm install ${PACKAGES[1]}@${version_core}, or ${GPU_PACKAGE}@${version_core} for an NVIDIA card with CUDA 11.2 and cuDNN 8.1`,
    };
  }
  const { name, path } = installed;
  const { version } = JSON.parse(readFileSync(join(dirname(path), "..", "package.json"), "utf8"));
  // Both share TensorFlow.js's one engine, through the global object, so their kernels must be of one version.
  if (version !== version_core) {
    return {
      missing: `finds ${name} ${version}, but needs ${version_core}`,
      fix: `npm install ${name}@${version_core}`,
    };
  }
  let backend: TfjsNodeBackend;
  try {
    backend = await register(path);
  } catch (error) {
    return explain(name, messageOf(error));
  }
  const { binding, isUsingGpuDevice } = backend;
  if (name === GPU_PACKAGE && !isUsingGpuDevice) return explainNoCard(binding.TF_Version);
  return { tensorflow: binding.TF_Version, isOnGraphicsCard: isUsingGpuDevice };
}

/** In the working folder, for users of the standalone executable, or beside this program. */
function locate(): Installed | undefined {
  const program = isSea() ? process.execPath : import.meta.url;
  const places = [createRequire(join(process.cwd(), "package.json")), createRequire(program)];
  for (const name of PACKAGES) {
    for (const { resolve } of places) {
      try {
        return { name, path: resolve(name) };
      } catch (error) {
        if (systemCode(error) !== "MODULE_NOT_FOUND") throw error;
      }
    }
  }
  return undefined;
}

/** Loads the package, which registers its backend, and keeps the current one. @throws Error if it cannot be loaded. */
async function register(path: string): Promise<TfjsNodeBackend> {
  prepareProcess();
  const current: string | undefined = getBackend();
  const isQuiet = flags().getBool("PROD");
  // Keeps a second copy of TensorFlow.js, which the package may bring, from warning that its kernels are registered already.
  flags().set("PROD", true);
  try {
    sharing(() => createRequire(path)(path));
  } finally {
    flags().set("PROD", isQuiet);
  }
  if (current) await setBackend(current);
  const backend = findBackend(TENSORFLOW_BACKEND);
  if (!backend) throw new Error("it registers no backend with this program's TensorFlow.js");
  return backend as TfjsNodeBackend;
}

function prepareProcess(): void {
  // The package calls these, which are deprecated in Node 22 and missing in Node 23.
  Object.assign(util, {
    isArray: Array.isArray,
    isNullOrUndefined: (value: unknown) => value === null || value === undefined,
  });
  const { env } = process;
  // Trainings are processes side by side: each gets one thread, and a part of the card's memory.
  env.TF_NUM_INTRAOP_THREADS ??= "1";
  env.TF_NUM_INTEROP_THREADS ??= "1";
  env.TF_FORCE_GPU_ALLOW_GROWTH ??= "true";
  // Errors alone: we report in one line what a user can fix.
  env.TF_CPP_MIN_LOG_LEVEL ??= "2";
}

/** Why loading failed. */
function explain(name: string, reason: string): EngineMissing {
  if (/tfjs_binding\.node\) can not be found/.test(reason)) {
    return {
      missing: `finds ${name} without its compiled addon for this system and Node`,
      fix: `npm rebuild ${name} --build-addon-from-source, which needs npm's permission to run install scripts, Python and a C++ compiler; or install it with Node 22 or older`,
    };
  }
  return {
    missing: `cannot load ${name} on Node ${process.versions.node}: ${reason}`,
    fix: `npm rebuild ${name} --build-addon-from-source; it was made for Node 22 and older`,
  };
}

/** Why the package for graphics cards computes on the processor. */
function explainNoCard(tensorflow: string): EngineMissing {
  const absent =
    process.platform === "linux" ? CUDA_LIBRARIES.find((library) => !isLibrary(library)) : undefined;
  return {
    missing: absent
      ? `finds no graphics card, since the system does not find ${absent}`
      : `finds no NVIDIA card that TensorFlow ${tensorflow} can use`,
    fix: `install CUDA 11.2 and cuDNN 8.1, and name their folders in LD_LIBRARY_PATH; or remove ${GPU_PACKAGE} and install ${PACKAGES[1]}, for the processor`,
  };
}

/** Whether the system's loader finds it: Node loads it, and then reports that it is not an addon. */
function isLibrary(name: string): boolean {
  try {
    process.dlopen({ exports: {} }, name);
  } catch (error) {
    return /did not self-register/.test(messageOf(error));
  }
  return true;
}
