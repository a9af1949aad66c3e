#include "staging.h"

#include <algorithm>
#include <cstring>

namespace lowbit::cuda {

void Slab::Prepare(const Driver& driver) {
  if (event == nullptr) CUDA(driver, EventCreate, &event, kEventDisableTiming);
  if (host != nullptr) return;
  void* memory = nullptr;
  CUDA(driver, MemHostAlloc, &memory, kBytes, 0);
  host = static_cast<unsigned char*>(memory);
}

void Slab::Record(const Driver& driver, StreamHandle stream) {
  CUDA(driver, EventRecord, event, stream);
  is_pending = true;
}

void Slab::Await(const Driver& driver) {
  if (is_pending) CUDA(driver, EventSynchronize, event);
  is_pending = false;
  used = 0;
}

void Slab::Free(const Driver& driver) noexcept {
  // Copies from or to the memory may be under way.
  if (is_pending) driver.EventSynchronize(event);
  if (host != nullptr) driver.MemFreeHost(host);
  if (event != nullptr) driver.EventDestroy(event);
  *this = Slab{};
}

void Uploads::Write(const Driver& driver, StreamHandle stream, const std::vector<Piece>& pieces) {
  run_ = Run{};
  for (const auto& [device, extent, host, bytes] : pieces) {
    for (size_t done = 0; done < extent;) {
      Slab* slab = &slabs_[current_];
      if (slab->used == Slab::kBytes) {
        Flush(driver, stream);
        slab->Record(driver, stream);
        current_ = (current_ + 1) % slabs_.size();
        slab = &slabs_[current_];
        slab->Await(driver);
      }
      slab->Prepare(driver);
      if (!run_.Continues(device + done)) {
        Flush(driver, stream);
        run_ = {device + done, slab->used, 0};
      }
      const size_t count = std::min(extent - done, Slab::kBytes - slab->used);
      const size_t given = done < bytes ? std::min(bytes - done, count) : 0;
      if (given > 0) std::memcpy(slab->host + slab->used, host + done, given);
      std::memset(slab->host + slab->used + given, 0, count - given);
      slab->used += count;
      run_.bytes += count;
      done += count;
    }
  }
  Flush(driver, stream);
}

void Uploads::Flush(const Driver& driver, StreamHandle stream) {
  const Run run = run_;
  run_ = Run{};
  if (run.bytes > 0) CUDA(driver, MemcpyHtoDAsync, run.device, slabs_[current_].host + run.offset, run.bytes, stream);
}

void Uploads::Free(const Driver& driver) noexcept {
  for (Slab& slab : slabs_) slab.Free(driver);
}

void Downloads::Read(const Driver& driver, StreamHandle stream, const std::vector<Piece>& pieces) {
  const std::lock_guard lock(mutex_);
  run_ = Run{};
  for (Half& half : halves_) {
    half.parts.clear();
    half.slab.Await(driver);
  }
  size_t current = 0;
  for (const auto& [device, extent, host, bytes] : pieces) {
    for (size_t done = 0; done < extent;) {
      Half* half = &halves_[current];
      if (half->slab.used == Slab::kBytes) {
        Flush(driver, stream, half->slab);
        half->slab.Record(driver, stream);
        current = 1 - current;
        half = &halves_[current];
        TakeOut(driver, *half);
      }
      Slab& slab = half->slab;
      slab.Prepare(driver);
      if (!run_.Continues(device + done)) {
        Flush(driver, stream, slab);
        run_ = {device + done, slab.used, 0};
      }
      const size_t count = std::min(extent - done, Slab::kBytes - slab.used);
      if (done < bytes) half->parts.push_back({host + done, slab.used, std::min(bytes - done, count)});
      slab.used += count;
      run_.bytes += count;
      done += count;
    }
  }
  Half& last = halves_[current];
  if (last.slab.used > 0) {
    Flush(driver, stream, last.slab);
    last.slab.Record(driver, stream);
  }
  TakeOut(driver, halves_[1 - current]);
  TakeOut(driver, last);
}

void Downloads::Flush(const Driver& driver, StreamHandle stream, const Slab& slab) {
  const Run run = run_;
  run_ = Run{};
  if (run.bytes > 0) CUDA(driver, MemcpyDtoHAsync, slab.host + run.offset, run.device, run.bytes, stream);
}

void Downloads::TakeOut(const Driver& driver, Half& half) {
  half.slab.Await(driver);
  for (const auto& [host, offset, bytes] : half.parts) std::memcpy(host, half.slab.host + offset, bytes);
  half.parts.clear();
}

void Downloads::Free(const Driver& driver) noexcept {
  for (Half& half : halves_) half.slab.Free(driver);
}

}  // namespace lowbit::cuda
