// A thread pool for one training that is large enough to be split.

#pragma once

#include <functional>

/**
 * Sets the number of threads that `eachPart` uses, including the caller's; 1 to 256. Must not be called while it runs.
 */
void setThreads(int count);

int threadCount();

/**
 * Calls `action` for 0 to count - 1 on all threads and returns when all calls are done. One thread keeps this order.
 */
void eachPart(int count, const std::function<void(int)>& action);
