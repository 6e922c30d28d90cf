// TensorFlow's own library behind TensorFlow.js: the package tfjs-node, or tfjs-node-gpu, where the user has installed it. It
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

/** The name by which the package registers its backend. */
export const TENSORFLOW_BACKEND = "tensorflow";

const GPU_PACKAGE = "@tensorflow/tfjs-node-gpu";
const PACKAGES = [GPU_PACKAGE, "@tensorflow/tfjs-node"] as const;

/** What CUDA, cuDNN and the driver are called on Linux, in the versions that the package's libtensorflow takes. */
const CUDA_LIBRARIES = ["libcuda.so.1", "libcudart.so.11.0", "libcublas.so.11", "libcudnn.so.8"];

export interface TfjsNode {
  /** Of libtensorflow, such as "2.9.1". */
  readonly tensorflow: string;
  readonly isOnGraphicsCard: boolean;
}

/** Its backend, as far as it is asked here. */
interface TfjsNodeBackend extends KernelBackend {
  readonly binding: { readonly TF_Version: string };
  readonly isUsingGpuDevice: boolean;
}

interface Installed {
  readonly name: string;
  /** Of what `require` of the package loads. */
  readonly path: string;
}

let loaded: Promise<TfjsNode | EngineMissing> | undefined;

/** The package, loaded once in a process, with its backend registered; or why it is not to be had. */
export function loadTfjsNode(): Promise<TfjsNode | EngineMissing> {
  loaded ??= load();
  return loaded;
}

async function load(): Promise<TfjsNode | EngineMissing> {
  const installed = locate();
  if (!installed) {
    return {
      missing: "is not installed",
      mend: `npm install ${PACKAGES[1]}@${version_core}, or ${GPU_PACKAGE}@${version_core} for an NVIDIA card with CUDA 11.2 and cuDNN 8.1`,
    };
  }
  const { name, path } = installed;
  const { version } = JSON.parse(readFileSync(join(dirname(path), "..", "package.json"), "utf8"));
  // They share TensorFlow.js's one engine, through the global object, and so must mean the same by its kernels.
  if (version !== version_core) {
    return {
      missing: `finds ${name} ${version}, and takes ${version_core}`,
      mend: `npm install ${name}@${version_core}`,
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

/** From the working folder, where a standalone executable's user has installed it, and from beside this program. */
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

/** Loads the package, which registers its backend; the current one stays that. @throws Error where it cannot. */
async function register(path: string): Promise<TfjsNodeBackend> {
  prepareProcess();
  const current: string | undefined = getBackend();
  const isQuiet = flags().getBool("PROD");
  // Where it brings a TensorFlow.js of its own, that would warn of what it registers a second time.
  flags().set("PROD", true);
  try {
    createRequire(path)(path);
  } finally {
    flags().set("PROD", isQuiet);
  }
  if (current) await setBackend(current);
  const backend = findBackend(TENSORFLOW_BACKEND);
  if (!backend) throw new Error("it registers no backend with this program's TensorFlow.js");
  return backend as TfjsNodeBackend;
}

function prepareProcess(): void {
  // The package calls these, which Node 22 warns of and Node 23 no longer has.
  Object.assign(util, {
    isArray: Array.isArray,
    isNullOrUndefined: (value: unknown) => value === null || value === undefined,
  });
  const { env } = process;
  // Trainings are processes, side by side: a thread and some of the card's memory for each, not all for the first.
  env.TF_NUM_INTRAOP_THREADS ??= "1";
  env.TF_NUM_INTEROP_THREADS ??= "1";
  env.TF_FORCE_GPU_ALLOW_GROWTH ??= "true";
  // Errors alone: what a user can mend is told here, in a line.
  env.TF_CPP_MIN_LOG_LEVEL ??= "2";
}

/** Why loading failed. */
function explain(name: string, reason: string): EngineMissing {
  if (/tfjs_binding\.node\) can not be found/.test(reason)) {
    return {
      missing: `finds ${name} without its compiled addon for this system and Node`,
      mend: `npm rebuild ${name} --build-addon-from-source, where npm may run its install script and there are Python and a C++ compiler; or install it with Node 22 or older`,
    };
  }
  return {
    missing: `cannot load ${name} on Node ${process.versions.node}: ${reason}`,
    mend: `npm rebuild ${name} --build-addon-from-source; it was made for Node 22 and older`,
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
    mend: `install CUDA 11.2 and cuDNN 8.1, and name their folders in LD_LIBRARY_PATH; or remove ${GPU_PACKAGE} and install ${PACKAGES[1]}, for the processor`,
  };
}

/** Whether the system's loader finds it: Node loads it, and only then sees that it is no addon. */
function isLibrary(name: string): boolean {
  try {
    process.dlopen({ exports: {} }, name);
  } catch (error) {
    return /did not self-register/.test(messageOf(error));
  }
  return true;
}
