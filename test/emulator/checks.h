// Of a kernel that is compiled with checks (the emulated nvcc's -G): GCC's instrumentation for its thread sanitizer and for
// undefined behaviour calls these, and not the sanitizers' own libraries.
#pragma once

#include "machine.h"

extern "C" {
extern unsigned char __ehdr_start[] __attribute__((visibility("hidden")));
extern unsigned char _end[] __attribute__((visibility("hidden")));
}

#define EMULATOR_UNWATCHED __attribute__((no_sanitize("thread", "alignment"), noinline, visibility("hidden")))

namespace emulator {

/** Also where `begin` and `end` are of different objects. */
EMULATOR_UNWATCHED inline bool lies_between(const void* place, const void* begin, const void* end) {
  const auto address = reinterpret_cast<uintptr_t>(place);
  return address >= reinterpret_cast<uintptr_t>(begin) && address < reinterpret_cast<uintptr_t>(end);
}

/** A thread's own stack and the module's constants are nobody else's business. */
EMULATOR_UNWATCHED inline void touch(Access::Kind kind, const void* place, uint32_t bytes, const void* instruction) {
  if (lies_between(place, __builtin_frame_address(0), stack)) return;
  const bool is_shared = lies_between(place, __start_shared_memory, __stop_shared_memory);
  if (!is_shared && lies_between(place, __ehdr_start, _end)) return;
  machine->Touch({kind, reinterpret_cast<uintptr_t>(place), bytes, instruction});
}

/** How GCC describes a check: the place comes first, whatever the check. */
struct Place {
  const char* file;
  uint32_t line, column;
};

}  // namespace emulator

extern "C" {
EMULATOR_UNWATCHED void __tsan_init() {}

#define EMULATOR_WATCH(bytes)                                                                         \
  EMULATOR_UNWATCHED void __tsan_read##bytes(void* place) {                                           \
    emulator::touch(emulator::Access::kRead, place, bytes, __builtin_return_address(0));              \
  }                                                                                                   \
  EMULATOR_UNWATCHED void __tsan_write##bytes(void* place) {                                          \
    emulator::touch(emulator::Access::kWrite, place, bytes, __builtin_return_address(0));             \
  }
EMULATOR_WATCH(1)
EMULATOR_WATCH(2)
EMULATOR_WATCH(4)
EMULATOR_WATCH(8)
EMULATOR_WATCH(16)
#undef EMULATOR_WATCH
EMULATOR_UNWATCHED void __tsan_read_range(void* place, unsigned long bytes) {
  emulator::touch(emulator::Access::kRead, place, uint32_t(bytes), __builtin_return_address(0));
}
EMULATOR_UNWATCHED void __tsan_write_range(void* place, unsigned long bytes) {
  emulator::touch(emulator::Access::kWrite, place, uint32_t(bytes), __builtin_return_address(0));
}

#define EMULATOR_REFUSE(name, what, ...)                                                    \
  EMULATOR_UNWATCHED void __ubsan_handle_##name(const emulator::Place* place, __VA_ARGS__) { \
    emulator::machine->Refuse(what, place->line);                                           \
  }
EMULATOR_REFUSE(type_mismatch_v1, "has an access that is not on a multiple of its size", const void*)
EMULATOR_REFUSE(shift_out_of_bounds, "shifts by more bits than there are", const void*, const void*)
EMULATOR_REFUSE(out_of_bounds, "has an index beyond an array", const void*)
#undef EMULATOR_REFUSE
}
