// A pool of threads for one training that is large enough to be split.

#pragma once

#include <functional>

/** How many threads `eachPart` uses, the caller's included; 1 to 256. Not while it runs. */
void setThreads(int count);

int threadCount();

/** Calls `action` for 0 to count - 1, on all threads, and returns when all are done. On one thread in this order. */
void eachPart(int count, const std::function<void(int)>& action);
