// Chooses the kernels for this processor.

#include <cstring>

#include "kernels.h"
#include "processor.h"

namespace {

/** The same kernels with other products. */
Kernels withProducts(const Kernels& kernels, const char* name, const Products& products) {
  Kernels changed = kernels;
  changed.name = name;
  changed.products = &products;
  return changed;
}

#if defined(__x86_64__)

/** Null if the compiler does not support the instructions. */
const Kernels* amxKernels() {
  if (kAmxProducts == nullptr || kAvx512Bfloat16Kernels == nullptr) return nullptr;
  static const Kernels kernels = withProducts(*kAvx512Bfloat16Kernels, "amx", *kAmxProducts);
  return &kernels;
}

#endif

const Kernels* emulatedTilesKernels() {
  static const Kernels kernels = withProducts(kPortableKernels, "emulated-tiles", kEmulatedTilesProducts);
  return &kernels;
}

/** The fastest kernels, or those with this name; null if this processor cannot run them. */
const Kernels* findKernels(const char* name) {
  const auto isWanted = [&](const Kernels* kernels) {
    return kernels != nullptr && (name == nullptr || std::strcmp(name, kernels->name) == 0) && canRun(kernels->name);
  };
#if defined(__x86_64__)
  if (isWanted(amxKernels())) return amxKernels();
  if (isWanted(kAvx512Bfloat16Kernels)) return kAvx512Bfloat16Kernels;
  if (isWanted(&kAvx512Kernels)) return &kAvx512Kernels;
  if (isWanted(&kAvx2Kernels)) return &kAvx2Kernels;
#endif
  if (isWanted(&kPortableKernels)) return &kPortableKernels;
  // Slower than all others, so available only by name.
  if (name != nullptr && isWanted(emulatedTilesKernels())) return emulatedTilesKernels();
  return nullptr;
}

const Kernels* chosen = nullptr;

}  // namespace

bool chooseKernels(const char* name) {
  const Kernels* found = findKernels(name);
  if (found == nullptr) return false;
  chosen = found;
  return true;
}

const Kernels& chosenKernels() { return *chosen; }
