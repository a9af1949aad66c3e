#pragma once

#include <array>
#include <mutex>
#include <vector>

#include "context.h"

namespace lowbit::cuda {

/** Page-locked host memory between host and device, and the event after which it may be used again. */
struct Slab {
  static constexpr size_t kBytes = size_t{4} << 20;

  unsigned char* host = nullptr;
  EventHandle event = nullptr;
  size_t used = 0;
  bool is_pending = false;

  /** The memory is taken at the first need; throws where there is none. */
  void Prepare(const Driver& driver);
  void Record(const Driver& driver, StreamHandle stream);
  void Await(const Driver& driver);
  void Free(const Driver& driver) noexcept;
};

/** One run of bytes of an array. */
struct Piece {
  DevicePointer device;
  /** Bytes on the device; those behind the host's are padding. */
  size_t extent;
  unsigned char* host;
  /** Bytes on the host. */
  size_t bytes;
};

/** Neighbours on the device that are neighbours in a slab: one copy. */
struct Run {
  DevicePointer device = 0;
  size_t offset = 0;
  size_t bytes = 0;

  bool Continues(DevicePointer next) const { return bytes > 0 && device + bytes == next; }
};

/** Host to device: what was given may be reused when the call returns. */
class Uploads {
 public:
  void Write(const Driver& driver, StreamHandle stream, const std::vector<Piece>& pieces);
  void Free(const Driver& driver) noexcept;

 private:
  void Flush(const Driver& driver, StreamHandle stream);
  std::array<Slab, 4> slabs_;
  size_t current_ = 0;
  Run run_;
};

/** Device to host, on whichever thread calls; one call at a time. */
class Downloads {
 public:
  void Read(const Driver& driver, StreamHandle stream, const std::vector<Piece>& pieces);
  void Free(const Driver& driver) noexcept;

 private:
  struct Part {
    unsigned char* host;
    size_t offset;
    size_t bytes;
  };
  struct Half {
    Slab slab;
    std::vector<Part> parts;
  };
  void Flush(const Driver& driver, StreamHandle stream, const Slab& slab);
  static void TakeOut(const Driver& driver, Half& half);
  std::mutex mutex_;
  std::array<Half, 2> halves_;
  Run run_;
};

}  // namespace lowbit::cuda
