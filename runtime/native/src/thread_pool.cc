#include "thread_pool.h"

#include <algorithm>
#include <chrono>

namespace lowbit {

namespace {

/** A thread takes what is left, divided by the threads and by this: ranges are long at first, and at the end none waits long for another. */
constexpr uint64_t kShares = 8;
/** And no less than all that there was, divided by the threads and by this: a range is worth asking for. */
constexpr uint64_t kRanges = 1024;
/** Passes of a step follow each other closely, and threads end at nearly the same time: one looks this long before it sleeps. */
constexpr std::chrono::microseconds kPatience{20};

}  // namespace

ThreadPool::ThreadPool(uint32_t threads) {
  for (uint32_t thread = 1; thread < threads; thread++) workers_.emplace_back([this] { Wait(); });
}

ThreadPool::~ThreadPool() {
  {
    const std::lock_guard lock(mutex_);
    ends_ = true;
    turn_++;
  }
  wake_.notify_all();
  for (std::thread& worker : workers_) worker.join();
}

void ThreadPool::Run(uint64_t count, const std::function<void(uint64_t, uint64_t)>& work) {
  if (workers_.empty() || count < 2) {
    if (count > 0) work(0, count);
    return;
  }
  {
    const std::lock_guard lock(mutex_);
    work_ = &work;
    count_ = count;
    least_ = std::max<uint64_t>(1, count / ((workers_.size() + 1) * kRanges));
    next_ = 0;
    busy_ = static_cast<uint32_t>(workers_.size());
    turn_++;
  }
  wake_.notify_all();
  Take();
  const auto until = std::chrono::steady_clock::now() + kPatience;
  while (busy_ != 0 && std::chrono::steady_clock::now() < until) std::this_thread::yield();
  std::unique_lock lock(mutex_);
  done_.wait(lock, [this] { return busy_ == 0; });
}

void ThreadPool::Take() {
  const uint64_t shares = (workers_.size() + 1) * kShares;
  for (uint64_t first = next_; first < count_;) {
    const uint64_t end = std::min(first + std::max(least_, (count_ - first) / shares), count_);
    if (!next_.compare_exchange_weak(first, end)) continue;
    (*work_)(first, end);
    first = next_;
  }
}

void ThreadPool::Wait() {
  for (uint64_t turn = 0;;) {
    const auto until = std::chrono::steady_clock::now() + kPatience;
    while (turn_ == turn && std::chrono::steady_clock::now() < until) std::this_thread::yield();
    {
      std::unique_lock lock(mutex_);
      wake_.wait(lock, [&] { return turn_ != turn; });
      turn = turn_;
      if (ends_) return;
    }
    Take();
    if (--busy_ == 0) {
      const std::lock_guard lock(mutex_);
      done_.notify_one();
    }
  }
}

}  // namespace lowbit
