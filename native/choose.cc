// Which kernels this processor can run.

#include <cstring>

#include "kernels.h"

#if defined(__x86_64__) && defined(__linux__)
#include <cpuid.h>
#include <sys/syscall.h>
#include <unistd.h>
#endif

namespace {

#if defined(__x86_64__)

bool hasBit(unsigned leaf, unsigned subleaf, char part, int bit) {
  unsigned a = 0, b = 0, c = 0, d = 0;
  if (!__get_cpuid_count(leaf, subleaf, &a, &b, &c, &d)) return false;
  return ((part == 'a' ? a : part == 'd' ? d : b) >> bit) & 1;
}

bool hasAvx512() {
  return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
         __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq");
}

bool hasAvx512Bfloat16() { return hasAvx512() && hasBit(7, 1, 'a', 5); }

/** Whether there are tiles, and the operating system lets this process use them. */
bool hasAmx() {
#if defined(__linux__)
  constexpr long kRequestPermission = 0x1023;  // ARCH_REQ_XCOMP_PERM
  constexpr long kTileData = 18;               // XFEATURE_XTILEDATA
  return hasAvx512Bfloat16() && hasBit(7, 0, 'd', 24) && hasBit(7, 0, 'd', 22) &&
         syscall(SYS_arch_prctl, kRequestPermission, kTileData) == 0;
#else
  return false;
#endif
}

#endif

/** Kernels of which only the products are others. */
Kernels withProducts(const Kernels& kernels, const char* name, const Products& products) {
  Kernels changed = kernels;
  changed.name = name;
  changed.products = &products;
  return changed;
}

#if defined(__x86_64__)

/** Null where the compiler did not know the instructions. */
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

}  // namespace

const Kernels* chooseKernels(const char* name) {
  const auto isWanted = [&](const Kernels* kernels) {
    return kernels != nullptr && (name == nullptr || std::strcmp(name, kernels->name) == 0);
  };
#if defined(__x86_64__)
  if (isWanted(amxKernels()) && hasAmx()) return amxKernels();
  if (isWanted(kAvx512Bfloat16Kernels) && hasAvx512Bfloat16()) return kAvx512Bfloat16Kernels;
  if (isWanted(&kAvx512Kernels) && hasAvx512()) return &kAvx512Kernels;
  if (isWanted(&kAvx2Kernels) && __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) return &kAvx2Kernels;
#endif
  if (isWanted(&kPortableKernels)) return &kPortableKernels;
  // Slower than all others: only by name.
  if (name != nullptr && isWanted(emulatedTilesKernels())) return emulatedTilesKernels();
  return nullptr;
}
