// Which kernels this processor can run, according to CPUID and to what the operating system lets a process use.

#include "processor.h"

#include <cstring>

#if defined(__x86_64__)
#include <cpuid.h>
#if defined(__linux__)
#include <sys/syscall.h>
#include <unistd.h>
#endif
#endif

namespace {

#if defined(__x86_64__)

bool hasBit(unsigned leaf, unsigned subleaf, char part, int bit) {
  unsigned a = 0, b = 0, c = 0, d = 0;
  if (!__get_cpuid_count(leaf, subleaf, &a, &b, &c, &d)) return false;
  return ((part == 'a' ? a : part == 'd' ? d : b) >> bit) & 1;
}

bool hasAvx2() { return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"); }

bool hasAvx512() {
  return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
         __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq");
}

bool hasAvx512Bfloat16() { return hasAvx512() && hasBit(7, 1, 'a', 5); }

/** Whether the processor has tiles and the operating system lets this process use them. */
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

}  // namespace

bool canRun(const char* kernels) {
#if defined(__x86_64__)
  if (std::strcmp(kernels, "avx2") == 0) return hasAvx2();
  if (std::strcmp(kernels, "avx512") == 0) return hasAvx512();
  if (std::strcmp(kernels, "avx512bf16") == 0) return hasAvx512Bfloat16();
  if (std::strcmp(kernels, "amx") == 0) return hasAmx();
#endif
  return std::strcmp(kernels, "portable") == 0 || std::strcmp(kernels, "emulated-tiles") == 0;
}
