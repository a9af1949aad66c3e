// One block of threads, each a fiber with its own stack. A fiber runs until it meets others or ends; which of those that
// can run comes next is random, or some warps run ahead as far as barriers let them, so that a missing one shows.
#include <sys/mman.h>

#include <algorithm>
#include <cstring>
#include <map>
#include <numeric>
#include <utility>
#include <vector>

#include "launch.h"
#include "switch.h"
#include "watch.h"

namespace emulator {
namespace {

constexpr size_t kStack = 128 << 10, kGuard = 4096;

/** xorshift64*. */
class Random {
 public:
  explicit Random(uint64_t seed) : state_(seed * 0x9e3779b97f4a7c15u + 0x2545f4914f6cdd1du) {}
  uint32_t Below(uint32_t count) {
    state_ ^= state_ >> 12;
    state_ ^= state_ << 25;
    state_ ^= state_ >> 27;
    return uint32_t((state_ * 0x2545f4914f6cdd1du >> 32) * count >> 32);
  }
  void Shuffle(std::vector<uint32_t>& values) {
    for (uint32_t rest = uint32_t(values.size()); rest > 1; rest--) std::swap(values[rest - 1], values[Below(rest)]);
  }

 private:
  uint64_t state_;
};

/** Grows with the largest block, and lives as long as the process. */
class Stacks {
 public:
  /** The top of a stack, on 16 bytes. */
  unsigned char* Top(size_t index) {
    while (bottoms_.size() <= index) {
      void* memory = mmap(nullptr, kStack, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
      if (memory == MAP_FAILED) abort();
      mprotect(memory, kGuard, PROT_NONE);
      bottoms_.push_back(static_cast<unsigned char*>(memory));
    }
    // Stacks that began alike in their pages would share the few sets of a cache.
    return bottoms_[index] + kStack - index % 32 * 1088;
  }

 private:
  std::vector<unsigned char*> bottoms_;
};

enum class State { kReady, kWaits, kEnded };

struct Fiber {
  void* stack = nullptr;
  const void* stack_end = nullptr;
  State state = State::kReady;
  Meeting meeting;
};

struct Warp {
  /** All that there are, which may be less than 32. */
  uint32_t lanes = 0;
  /** The lanes that wait at an exchange. */
  uint32_t waiting = 0;
  /** How many exchanges there were. */
  uint32_t exchanges = 0;
  /** What each lane found at its last exchange: one copy for all where all were there. */
  uint64_t everyone[32];
  uint64_t own[32][32];
};

bool IsSamePlace(const Meeting& a, const Meeting& b) {
  return a.line == b.line && a.mask == b.mask && (a.function == b.function || strcmp(a.function, b.function) == 0);
}

/** Whether it is true of each lane of a mask, as far as it was asked. */
template <typename Ask>
bool EveryLane(uint32_t mask, Ask ask) {
  for (; mask != 0; mask &= mask - 1) {
    if (!ask(uint32_t(__builtin_ctz(mask)))) return false;
  }
  return true;
}

std::string Hex(uint32_t word) {
  char text[16];
  snprintf(text, sizeof text, "0x%08x", word);
  return text;
}

std::string Spell(const Meeting& meeting) {
  const std::string mask = meeting.mask == 0 ? "" : ", mask " + Hex(meeting.mask);
  return std::string(meeting.function) + " (line " + std::to_string(meeting.line) + mask + ")";
}

/** The threads that can run, by warp. */
class Ready {
 public:
  Ready(uint32_t threads, Random& random) : random_(random), order_((threads + 31) / 32), lists_(order_.size()) {
    std::iota(order_.begin(), order_.end(), 0u);
  }
  /** Of a block that begins: in every second one, some warps run before others wherever they can. */
  void Clear() {
    random_.Shuffle(order_);
    is_eager_ = random_.Below(2) == 0;
    filled_ = 0;
    for (auto& list : lists_) list.clear();
  }
  bool IsEmpty() const { return filled_ == 0; }
  void Add(uint32_t thread) {
    const uint32_t place = order_[thread / 32];
    lists_[place].push_back(thread);
    filled_ |= 1u << place;
  }
  uint32_t Take() {
    const uint32_t from = is_eager_ ? 0 : random_.Below(uint32_t(lists_.size()));
    const uint32_t behind = filled_ >> from << from;
    const uint32_t place = uint32_t(__builtin_ctz(behind != 0 ? behind : filled_));
    auto& list = lists_[place];
    std::swap(list[random_.Below(uint32_t(list.size()))], list.back());
    const uint32_t thread = list.back();
    list.pop_back();
    if (list.empty()) filled_ &= ~(1u << place);
    return thread;
  }

 private:
  Random& random_;
  /** The place of each warp. */
  std::vector<uint32_t> order_;
  std::vector<std::vector<uint32_t>> lists_;
  /** A bit for each place whose list has threads. */
  uint32_t filled_ = 0;
  bool is_eager_ = false;
};

class Block final : public Machine {
 public:
  Block(const Launch& launch, Watch& watch)
      : launch_(launch),
        watch_(watch),
        random_(launch.seed),
        fibers_(launch.threads),
        ready_(launch.threads, random_),
        warps_((launch.threads + 31) / 32) {}

  /** What was wrong, or nothing. */
  const std::string& Run(uint32_t block);

  void Synchronize(const Meeting& meeting) override;
  const uint64_t* Exchange(const Meeting& meeting) override;
  void Touch(const Access& access) override;
  void Refuse(const char* what, uint32_t line) override;

 private:
  static void Start();
  void Wait(const Meeting& meeting);
  void Resume(Fiber& fiber);
  /** Goes back to `Run`, for good where the block failed. */
  void Leave();
  void Fail(const std::string& what);
  std::string DescribeThreads() const;
  uint32_t NumberOf(const Fiber& fiber) const { return uint32_t(&fiber - fibers_.data()); }

  static Stacks stacks_;
  static Block* running_;
  const Launch& launch_;
  Watch& watch_;
  Random random_;
  std::vector<Fiber> fibers_;
  Ready ready_;
  uint32_t block_ = 0;
  uint32_t arrived_ = 0;
  uint32_t ended_ = 0;
  uint32_t barriers_ = 0;
  std::vector<Warp> warps_;
  Fiber* current_ = nullptr;
  void* scheduler_ = nullptr;
  std::string report_;
};

Stacks Block::stacks_;
Block* Block::running_ = nullptr;

const std::string& Block::Run(uint32_t block) {
  const Module& module = *launch_.module;
  *module.machine = this;
  *module.block = {block, 0, 0};
  *module.blocks = {launch_.blocks, 1, 1};
  *module.threads = {launch_.threads, 1, 1};
  for (auto* byte = module.shared_begin; byte < module.shared_end; byte++)
    *byte = reinterpret_cast<const unsigned char*>(&kPoison)[reinterpret_cast<uintptr_t>(byte) % 4];

  watch_.BeginBlock();
  running_ = this;
  block_ = block;
  arrived_ = ended_ = 0;
  for (size_t i = 0; i < warps_.size(); i++) {
    const size_t count = std::min<size_t>(32, fibers_.size() - 32 * i);
    warps_[i].lanes = uint32_t((uint64_t{1} << count) - 1);
    warps_[i].waiting = 0;
  }
  ready_.Clear();
  for (Fiber& fiber : fibers_) {
    unsigned char* const top = stacks_.Top(NumberOf(fiber));
    fiber.stack_end = top;
    fiber.stack = PrepareStack(top, Start);
    Resume(fiber);
  }
  while (!ready_.IsEmpty() && report_.empty()) {
    current_ = &fibers_[ready_.Take()];
    *module.thread = {NumberOf(*current_), 0, 0};
    *module.stack = current_->stack_end;
    emulator_switch(&scheduler_, current_->stack);
  }
  if (report_.empty() && ended_ < fibers_.size()) Fail("stands still: " + DescribeThreads());
  return report_;
}

void Block::Start() {
  Block& block = *running_;
  block.launch_.thread();
  block.current_->state = State::kEnded;
  block.ended_++;
  block.Leave();
}

void Block::Leave() { emulator_switch(&current_->stack, scheduler_); }

void Block::Wait(const Meeting& meeting) {
  current_->meeting = meeting;
  current_->state = State::kWaits;
}

void Block::Resume(Fiber& fiber) {
  fiber.state = State::kReady;
  ready_.Add(NumberOf(fiber));
}

void Block::Synchronize(const Meeting& meeting) {
  Wait(meeting);
  if (++arrived_ == fibers_.size()) {
    const auto isElsewhere = [&](const Fiber& fiber) { return !IsSamePlace(fiber.meeting, meeting); };
    if (std::any_of(fibers_.begin(), fibers_.end(), isElsewhere)) Fail("waits at several barriers: " + DescribeThreads());
    arrived_ = 0;
    barriers_++;
    for (Fiber& fiber : fibers_) Resume(fiber);
  }
  Leave();
}

const uint64_t* Block::Exchange(const Meeting& meeting) {
  const uint32_t thread = NumberOf(*current_);
  const uint32_t begin = thread / 32 * 32;
  Warp& warp = warps_[thread / 32];
  Wait(meeting);
  warp.waiting |= 1u << thread % 32;
  if ((meeting.mask >> thread % 32 & 1) == 0) Fail("has a thread outside its own mask: " + DescribeThreads());
  // Those that a mask names beyond the block count as ended, and need not come.
  const uint32_t mask = meeting.mask & warp.lanes;
  const auto isThere = [&](uint32_t lane) { return IsSamePlace(fibers_[begin + lane].meeting, meeting); };
  if ((warp.waiting & mask) == mask && EveryLane(mask, isThere)) {
    warp.waiting &= ~mask;
    warp.exchanges++;
    uint64_t found[32];
    for (uint32_t lane = 0; lane < 32; lane++) {
      const bool isOne = mask >> lane & 1;
      found[lane] = isOne ? fibers_[begin + lane].meeting.value : uint64_t{kPoison} << 32 | kPoison;
    }
    EveryLane(mask, [&](uint32_t lane) {
      if (mask != warp.lanes) memcpy(warp.own[lane], found, sizeof found);
      Resume(fibers_[begin + lane]);
      return true;
    });
    // Nobody overtakes somebody who has not read it: all must be back before there is another.
    if (mask == warp.lanes) memcpy(warp.everyone, found, sizeof found);
  }
  Leave();
  return mask == warp.lanes ? warp.everyone : warp.own[thread % 32];
}

void Block::Touch(const Access& access) {
  const uint32_t thread = NumberOf(*current_);
  const Moment now{block_, thread, barriers_, warps_[thread / 32].exchanges, access.instruction};
  const std::string wrong = watch_.Check(access, now);
  if (wrong.empty()) return;
  Fail(wrong);
  Leave();
}

void Block::Refuse(const char* what, uint32_t line) {
  Fail(std::string(what) + ": thread " + std::to_string(NumberOf(*current_)) + " (line " + std::to_string(line) + ")");
  Leave();
}

void Block::Fail(const std::string& what) {
  if (!report_.empty()) return;
  report_ = "block " + std::to_string(block_) + " of " + std::to_string(launch_.blocks) + " of the kernel " + launch_.kernel +
            " " + what;
}

/** `thread 3 and 30 more wait at __syncthreads (line 40); thread 7 ended` */
std::string Block::DescribeThreads() const {
  std::map<std::string, std::vector<uint32_t>> groups;
  for (const Fiber& fiber : fibers_) {
    if (fiber.state == State::kReady) continue;
    const std::string where = fiber.state == State::kEnded ? "ended" : "at " + Spell(fiber.meeting);
    groups[where].push_back(NumberOf(fiber));
  }
  std::string text;
  for (const auto& [where, threads] : groups) {
    const std::string more = threads.size() > 1 ? " and " + std::to_string(threads.size() - 1) + " more" : "";
    text += (text.empty() ? "" : "; ") + ("thread " + std::to_string(threads[0])) + more + " " + where;
  }
  return text;
}

}  // namespace

std::string Run(const Launch& launch) {
  Random random(~launch.seed);
  std::vector<uint32_t> order(launch.blocks);
  std::iota(order.begin(), order.end(), 0u);
  random.Shuffle(order);
  Watch watch(*launch.module, launch.memory);
  Block block(launch, watch);
  for (const uint32_t index : order) {
    if (const std::string& report = block.Run(index); !report.empty()) return report;
  }
  return "";
}

}  // namespace emulator
