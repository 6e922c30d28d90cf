// Which kernels this processor can run.

#include <cstring>

#include "kernels.h"

namespace {

bool isSupported(const Kernels& kernels) {
#if defined(__x86_64__)
  if (&kernels == &kAvx512Kernels) {
    return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
           __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq");
  }
  if (&kernels == &kAvx2Kernels) return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
#endif
  return true;
}

/** The fastest first. */
const Kernels* const kAll[] = {
#if defined(__x86_64__)
    &kAvx512Kernels,
    &kAvx2Kernels,
#endif
    &kPortableKernels,
};

}  // namespace

const Kernels* chooseKernels(const char* name) {
  for (const Kernels* kernels : kAll) {
    if ((name == nullptr || std::strcmp(name, kernels->name) == 0) && isSupported(*kernels)) return kernels;
  }
  return nullptr;
}
