#include "watch.h"

#include <dlfcn.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>

namespace emulator {
namespace {

bool IsSameWarp(const Moment& a, const Moment& b) { return a.block == b.block && a.thread / 32 == b.thread / 32; }

std::string Spell(const Moment& moment) {
  return "thread " + std::to_string(moment.thread) + " of block " + std::to_string(moment.block) + " (" +
         LineOf(moment.instruction) + ")";
}

}  // namespace

/** What lanes exchange depends on what they read before, so that an exchange parts accesses as a barrier does. */
bool Watch::IsBefore(const Moment& earlier, const Moment& now) {
  if (earlier.block != now.block) return false;
  return earlier.thread == now.thread || earlier.barriers < now.barriers ||
         (IsSameWarp(earlier, now) && earlier.exchanges < now.exchanges);
}

bool Watch::AreReadsBefore(const Cell& cell, const Moment& now) {
  const Moment& reader = cell.reader;
  switch (cell.others) {
    case Others::kNone:
      return IsBefore(reader, now);
    case Others::kLanes:
      return reader.block == now.block && (reader.barriers < now.barriers ||
                                           (IsSameWarp(reader, now) && reader.exchanges < now.exchanges));
    case Others::kWarps:
      return reader.block == now.block && reader.barriers < now.barriers;
    default:
      return false;
  }
}

void Watch::Read(Cell& cell, const Moment& now) {
  const Moment before = cell.reader;
  if (!cell.is_read || AreReadsBefore(cell, now)) cell.others = Others::kNone;
  else if (before.block != now.block) cell.others = Others::kBlocks;
  else if (!IsSameWarp(before, now)) cell.others = std::max(cell.others, Others::kWarps);
  else if (before.thread != now.thread) cell.others = std::max(cell.others, Others::kLanes);
  cell.is_read = true;
  cell.reader = now;
}

std::string Watch::Touch(Cell& cell, const Access& access, const Moment& now, const char* memory) {
  const bool isWrite = access.kind != Access::kRead;
  const bool isAtomic = access.kind == Access::kAtomic;
  const auto race = [&](const char* did, const Moment& other) {
    return "races: " + Spell(now) + (isWrite ? " writes" : " reads") + " what " + Spell(other) + " " + did + " in " + memory +
           " memory, with no barrier between them";
  };
  if (cell.is_written && !(isAtomic && cell.is_atomic) && !IsBefore(cell.writer, now)) return race("wrote", cell.writer);
  if (!isWrite) {
    Read(cell, now);
    return "";
  }
  if (cell.is_read && !AreReadsBefore(cell, now)) return race("read", cell.reader);
  cell = Cell{};
  cell.is_written = true;
  cell.is_atomic = isAtomic;
  cell.writer = now;
  return "";
}

std::string Watch::Check(const Access& access, const Moment& now) {
  const auto begin = reinterpret_cast<uintptr_t>(module_.shared_begin);
  const bool isShared = access.address >= begin && access.address < reinterpret_cast<uintptr_t>(module_.shared_end);
  if (!isShared && !IsInRange(access))
    return "touches what is no array: " + std::to_string(access.bytes) + " bytes by " + Spell(now);
  const uintptr_t step = isShared ? 1 : 2;
  for (uintptr_t at = access.address; at < access.address + access.bytes; at += step) {
    Cell& cell = isShared ? shared_[at - begin] : CellAt(at);
    if (isShared && access.kind != Access::kWrite && !cell.is_written)
      return "reads shared memory that nobody wrote: " + Spell(now);
    const std::string wrong = Touch(cell, access, now, isShared ? "shared" : "device");
    if (!wrong.empty()) return wrong;
  }
  return "";
}

bool Watch::IsInRange(const Access& access) const {
  const auto isBehind = [](uintptr_t address, const Range& range) { return address < range.begin; };
  const auto found = std::upper_bound(device_.begin(), device_.end(), access.address, isBehind);
  return found != device_.begin() && access.address + access.bytes <= (found - 1)->begin + (found - 1)->bytes;
}

Watch::Cell& Watch::CellAt(uintptr_t address) {
  const uintptr_t number = address / 4096;
  if (page_ == nullptr || number != last_) {
    auto& page = pages_[number];
    if (page == nullptr) page = std::make_unique<Page>();
    last_ = number;
    page_ = page.get();
  }
  return (*page_)[address % 4096 / 2];
}

std::string LineOf(const void* instruction) {
  Dl_info info;
  if (dladdr(instruction, &info) == 0) return "line unknown";
  // The call, and not where it returns to.
  const auto offset = reinterpret_cast<uintptr_t>(instruction) - reinterpret_cast<uintptr_t>(info.dli_fbase) - 1;
  char command[512];
  snprintf(command, sizeof command, "addr2line -i -e %s 0x%zx", info.dli_fname, size_t(offset));
  FILE* const lines = popen(command, "r");
  if (lines == nullptr) return "line unknown";
  std::string text;
  for (char line[512]; fgets(line, sizeof line, lines) != nullptr;) {
    const std::string place = line;
    const size_t colon = place.rfind(".cu:");
    if (colon == std::string::npos) continue;
    const std::string number = std::to_string(atoi(place.c_str() + colon + 4));
    text += (text.empty() ? "line " : " in ") + number;
  }
  pclose(lines);
  return text.empty() ? "line unknown" : text;
}

}  // namespace emulator
