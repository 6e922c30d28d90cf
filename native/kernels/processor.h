// What this processor can run.

#pragma once

/**
 * Whether this processor, and the system that it runs under, can run the kernels of this name (Kernels::name): any can
 * run those that are made for no instructions in particular. Those on AMX tiles run only in a process that has asked,
 * since the system gives tiles to processes that do.
 */
bool canRun(const char* kernels);
