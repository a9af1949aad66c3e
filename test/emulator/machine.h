// What an emulated kernel and what runs it know of each other.
#pragma once

#include <cstdint>

namespace emulator {

struct Index {
  uint32_t x = 0, y = 0, z = 0;
};

/** Where a thread waits for others: the function it called, and the line of the source. */
struct Meeting {
  const char* function = nullptr;
  uint32_t line = 0;
  /** The lanes that are waited for. */
  uint32_t mask = 0;
  /** What the thread brings. */
  uint64_t value = 0;
};

/** One access to memory that threads share, in a kernel that was compiled with checks. */
struct Access {
  enum Kind { kRead, kWrite, kAtomic };
  Kind kind = kRead;
  uintptr_t address = 0;
  uint32_t bytes = 0;
  /** In the kernel's code. */
  const void* instruction = nullptr;
};

/** What threads of a block do together, and what is watched. */
class Machine {
 public:
  /** Returns when every thread of the block has come here. */
  virtual void Synchronize(const Meeting& meeting) = 0;
  /** Returns when the lanes of the mask have come here, with what each of the 32 brought; poison of those outside. */
  virtual const uint64_t* Exchange(const Meeting& meeting) = 0;
  /** Does not return where the access is wrong. */
  virtual void Touch(const Access& access) = 0;
  /** Does not return: `what` is wrong at a line of the source. */
  virtual void Refuse(const char* what, uint32_t line) = 0;

 protected:
  ~Machine() = default;
};

/** As floats NaN, as numbers too great: what is read before it is written shows. */
inline constexpr uint32_t kPoison = 0xffbadbad;
/** Exported by each compiled source as `emulator_module`. */
struct Module {
  Machine** machine;
  Index *thread, *block, *threads, *blocks;
  /** Where the stack of the thread ends. */
  const void** stack;
  /** The `__shared__` variables of all its kernels. */
  unsigned char *shared_begin, *shared_end;
};

}  // namespace emulator
