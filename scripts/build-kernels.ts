// Compiles the AssemblyScript in kernels/ to dist/kernels/augment.wasm.
//   npm run build:kernels

import { main } from "assemblyscript/asc";

const { error, stderr } = await main([
  "kernels/index.ts",
  ...["--outFile", "dist/kernels/augment.wasm"],
  ...["--runtime", "stub", "--use", "abort=", "--noAssert"],
  ...["--enable", "simd", "--enable", "bulk-memory", "-O3"],
  // Disables a warning on vectors in signatures: they are only passed between functions of the module.
  ...["--disableWarning", "112"],
]);
const warnings = stderr.toString();
if (warnings) console.error(warnings);
if (error) process.exitCode = 1;
