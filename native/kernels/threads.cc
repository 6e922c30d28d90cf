#include "threads.h"

#include <atomic>
#include <condition_variable>
#include <exception>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

namespace {

class Pool {
 public:
  explicit Pool(int helpers) {
    try {
      for (int i = 0; i < helpers; i++) threads_.emplace_back([this] { serve(); });
    } catch (...) {
      // The system has no more threads.
      end();
      throw;
    }
  }

  ~Pool() { end(); }

  void run(int count, const std::function<void(int)>& action) {
    {
      std::lock_guard<std::mutex> lock(mutex_);
      action_ = &action;
      count_ = count;
      next_ = 0;
      working_ = int(threads_.size());
      round_++;
    }
    begins_.notify_all();
    work();
    std::unique_lock<std::mutex> lock(mutex_);
    ends_.wait(lock, [this] { return working_ == 0; });
    if (error_) std::rethrow_exception(std::exchange(error_, nullptr));
  }

 private:
  void end() {
    {
      std::lock_guard<std::mutex> lock(mutex_);
      isEnding_ = true;
    }
    begins_.notify_all();
    for (std::thread& thread : threads_) thread.join();
  }

  void serve() {
    long seen = 0;
    std::unique_lock<std::mutex> lock(mutex_);
    for (;;) {
      begins_.wait(lock, [&] { return isEnding_ || round_ != seen; });
      if (isEnding_) return;
      seen = round_;
      lock.unlock();
      work();
      lock.lock();
      if (--working_ == 0) ends_.notify_one();
    }
  }

  void work() {
    try {
      for (int i = next_++; i < count_; i = next_++) (*action_)(i);
    } catch (...) {
      // Memory ran out: `run` throws the first error once all threads have ended their part.
      next_ = count_;
      std::lock_guard<std::mutex> lock(mutex_);
      if (!error_) error_ = std::current_exception();
    }
  }

  std::vector<std::thread> threads_;
  std::mutex mutex_;
  std::condition_variable begins_, ends_;
  const std::function<void(int)>* action_ = nullptr;
  int count_ = 0;
  std::atomic<int> next_{0};
  int working_ = 0;
  std::exception_ptr error_;
  long round_ = 0;
  bool isEnding_ = false;
};

/** Null if the caller is the only thread. */
Pool* pool = nullptr;
int threads = 1;
/** Held while the pool is used or exchanged: worker threads of JavaScript share this library. */
std::mutex inUse;

}  // namespace

void setThreads(int count) {
  const std::lock_guard<std::mutex> lock(inUse);
  if (count == threads) return;
  delete std::exchange(pool, nullptr);
  threads = 1;
  if (count > 1) pool = new Pool(count - 1);
  threads = count;
}

int threadCount() { return threads; }

void eachPart(int count, const std::function<void(int)>& action) {
  const std::unique_lock<std::mutex> lock(inUse, std::try_to_lock);
  if (lock.owns_lock() && pool != nullptr && count > 1) {
    pool->run(count, action);
  } else {
    for (int i = 0; i < count; i++) action(i);
  }
}
