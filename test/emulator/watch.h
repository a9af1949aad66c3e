// Which thread touched what, so that races and accesses outside of arrays are found whatever the order of threads.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "machine.h"

namespace emulator {

/** A thread at some point of its work. */
struct Moment {
  uint32_t block = 0;
  uint32_t thread = 0;
  /** Barriers that its block had passed, and exchanges that its warp had. */
  uint32_t barriers = 0;
  uint32_t exchanges = 0;
  const void* instruction = nullptr;
};

/** Memory that kernels may touch. */
struct Range {
  uintptr_t begin = 0;
  size_t bytes = 0;
};

class Watch {
 public:
  /** @param device ascending */
  Watch(const Module& module, std::vector<Range> device) : module_(module), device_(std::move(device)) {}

  /** Shared memory is new in each block. */
  void BeginBlock() { shared_.assign(size_t(module_.shared_end - module_.shared_begin), Cell{}); }
  /** What is wrong with an access, or nothing. */
  std::string Check(const Access& access, const Moment& now);

 private:
  /** Whom else than the last reader a cell was read by, since the reader's last barrier or exchange. */
  enum class Others : uint8_t { kNone, kLanes, kWarps, kBlocks };
  struct Cell {
    Moment writer, reader;
    bool is_written = false, is_atomic = false, is_read = false;
    Others others = Others::kNone;
  };
  /** Of device memory: a cell is two bytes, a page 4096. */
  using Page = std::array<Cell, 2048>;

  static bool IsBefore(const Moment& earlier, const Moment& now);
  static bool AreReadsBefore(const Cell& cell, const Moment& now);
  static void Read(Cell& cell, const Moment& now);
  std::string Touch(Cell& cell, const Access& access, const Moment& now, const char* memory);
  bool IsInRange(const Access& access) const;
  Cell& CellAt(uintptr_t address);

  const Module& module_;
  const std::vector<Range> device_;
  std::vector<Cell> shared_;
  std::unordered_map<uintptr_t, std::unique_ptr<Page>> pages_;
  uintptr_t last_ = 0;
  Page* page_ = nullptr;
};

/** The lines of the source that an instruction came from, the innermost first: `line 104 in 229`. */
std::string LineOf(const void* instruction);

}  // namespace emulator
