#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace lowbit {

/** Threads that wait for work: the caller's own is one of them. */
class ThreadPool {
 public:
  explicit ThreadPool(uint32_t threads);
  ~ThreadPool();
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;

  /** Calls `work` with ranges that cover [0, count), on all threads, and returns when it is done. */
  void Run(uint64_t count, const std::function<void(uint64_t first, uint64_t last)>& work);

 private:
  void Wait();
  void Take();

  std::vector<std::thread> workers_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::condition_variable done_;
  const std::function<void(uint64_t, uint64_t)>* work_ = nullptr;
  uint64_t count_ = 0;
  /** Of a range. */
  uint64_t least_ = 1;
  /** Raised with every call of Run. */
  std::atomic<uint64_t> turn_{0};
  std::atomic<uint64_t> next_{0};
  std::atomic<uint32_t> busy_{0};
  bool ends_ = false;
};

}  // namespace lowbit
