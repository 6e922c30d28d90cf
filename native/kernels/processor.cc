// Which kernels this processor can run, according to CPUID and to what the operating system lets a process use. Not by
// __builtin_cpu_supports, which some compilers answer from a table that only their own start of a program fills.

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
  const unsigned bits = part == 'a' ? a : part == 'b' ? b : part == 'c' ? c : d;
  return (bits >> bit) & 1;
}

/** Whether the operating system keeps these registers when it switches between threads (XCR0). */
bool areKept(unsigned registers) {
  if (!hasBit(1, 0, 'c', 27)) return false;
  unsigned low = 0, high = 0;
  __asm__("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
  return (low & registers) == registers;
}

constexpr unsigned kVectors = 0x06;     // SSE and AVX
constexpr unsigned kVectors512 = 0xe6;  // and AVX-512, with its masks

bool hasAvx2() { return areKept(kVectors) && hasBit(7, 0, 'b', 5) && hasBit(1, 0, 'c', 12); }

bool hasAvx512() {
  const auto has = [](int bit) { return hasBit(7, 0, 'b', bit); };
  return areKept(kVectors512) && hasBit(1, 0, 'c', 12) && has(16) && has(17) && has(30) && has(31);
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
