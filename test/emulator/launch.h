// Runs an emulated kernel.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "watch.h"

namespace emulator {

struct Launch {
  /** For reports. */
  std::string kernel;
  /** What one thread runs. */
  std::function<void()> thread;
  const Module* module = nullptr;
  uint32_t blocks = 0;
  uint32_t threads = 0;
  /** Of the order in which threads, and blocks, take their turns. */
  uint64_t seed = 0;
  /** What kernels that are compiled with checks may touch, ascending. */
  std::vector<Range> memory;
};

/** One block after the other; what was wrong, as a sentence, or nothing. One thread of the process at a time may call. */
std::string Run(const Launch& launch);

}  // namespace emulator
