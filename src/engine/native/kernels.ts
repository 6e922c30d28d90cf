// How the native kernels are declared, installed and called. They replace those of TensorFlow.js's cpu backend.

import { type Kernel, kernelsOf } from "../kernels.ts";
import type { NativeBackend } from "./storage.ts";

export const BACKEND = "native";

export type NativeKernel = Kernel<NativeBackend>;

export const { kernel, installKernels, callKernel } = kernelsOf<NativeBackend>(BACKEND);
