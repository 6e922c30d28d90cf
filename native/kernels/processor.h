// Which kernels this processor can run.

#pragma once

/**
 * Whether this processor and its operating system can run the kernels of this name (Kernels::name). Kernels that need
 * no particular instructions always can. Asking for kernels on AMX tiles also requests the operating system's
 * permission to use tiles, which each process needs.
 */
bool canRun(const char* kernels);
