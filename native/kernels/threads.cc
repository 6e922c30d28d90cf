#include "threads.h"

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <thread>
#include <vector>

namespace {

class Pool {
 public:
  explicit Pool(int helpers) {
    for (int i = 0; i < helpers; i++) threads_.emplace_back([this] { serve(); });
  }

  ~Pool() {
    {
      std::lock_guard<std::mutex> lock(mutex_);
      isEnding_ = true;
    }
    begins_.notify_all();
    for (std::thread& thread : threads_) thread.join();
  }

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
  }

 private:
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
    for (int i = next_++; i < count_; i = next_++) (*action_)(i);
  }

  std::vector<std::thread> threads_;
  std::mutex mutex_;
  std::condition_variable begins_, ends_;
  const std::function<void(int)>* action_ = nullptr;
  int count_ = 0;
  std::atomic<int> next_{0};
  int working_ = 0;
  long round_ = 0;
  bool isEnding_ = false;
};

/** Null if the caller is the only thread. */
Pool* pool = nullptr;
int threads = 1;

}  // namespace

void setThreads(int count) {
  if (count == threads) return;
  delete pool;
  threads = count;
  pool = count > 1 ? new Pool(count - 1) : nullptr;
}

int threadCount() { return threads; }

void eachPart(int count, const std::function<void(int)>& action) {
  if (pool != nullptr && count > 1) {
    pool->run(count, action);
  } else {
    for (int i = 0; i < count; i++) action(i);
  }
}
