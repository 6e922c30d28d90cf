// How the kernels of engine `webgpu` are declared and installed. They replace those of TensorFlow.js's WebGPU backend.

import { kernelsOf } from "../kernels.ts";
import type { GpuBackend } from "./gpu-backend.ts";

export const BACKEND = "webgpu";

export const { kernel, installKernels } = kernelsOf<GpuBackend>(BACKEND);
