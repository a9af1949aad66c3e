// A CUDA driver without a GPU, for tests: device memory is the host's, and what is enqueued runs when somebody waits for
// it, so that memory which is reused too early shows. Kernels that the emulated nvcc compiled (test/emulator) run on that
// memory; of other images the names are enough, and a launch does nothing. It counts what lives, writes what it runs to a
// log and fails where it is told to:
//
//   LOWBIT_FAKE_STATE     file of u64 counters, in the order of `Counter`
//   LOWBIT_FAKE_LOG       file with a line of JSON for each launch, fill and copy that ran
//   LOWBIT_FAKE_FAIL      <function>=<status>, or <function>=<status>@<n> for the n-th call from then on
//   LOWBIT_FAKE_GPUS      how many there are (1)
//   LOWBIT_FAKE_BYTES     memory of each (2^36)
//   LOWBIT_FAKE_VERSION   of the driver (13000)
//   LOWBIT_FAKE_SMS       multiprocessors (5), each with room for 3 blocks
//   LOWBIT_FAKE_ARRAYS    file of the arrays that kernels which are compiled with checks may touch
//   LOWBIT_FAKE_SEED      of the order in which an emulated kernel's threads take their turns (1)
#include <dlfcn.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <filesystem>
#include <functional>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "../../runtime/native/src/cuda/driver.h"
#include "../emulator/launch.h"

using namespace lowbit::cuda;

namespace {

enum Counter { kMemories, kBytes, kPinned, kStreams, kEvents, kModules, kGraphs, kContexts, kCurrent, kLaunches, kCounters };

constexpr Status kInvalidValue = 1, kOutOfMemory = 2, kInvalidImage = 200, kNotFound = 500, kLaunchFailed = 719, kCaptureUnjoined = 904;

std::recursive_mutex mutex;
using Lock = std::lock_guard<std::recursive_mutex>;
std::map<DevicePointer, size_t> memories;
std::deque<std::function<void()>> queue;
uint64_t run_count = 0;  // Of what was ever enqueued, how much ran.
std::string fault;       // What an emulated kernel did wrong: every call fails until the context is released.

std::string Setting(const char* name, const char* otherwise) {
  const char* value = getenv(name);
  return value == nullptr || *value == 0 ? otherwise : value;
}

uint64_t* Counters() {
  static uint64_t own[kCounters];
  static uint64_t* counters = nullptr;
  if (counters != nullptr) return counters;
  counters = own;
  const std::string path = Setting("LOWBIT_FAKE_STATE", "");
  const int file = path.empty() ? -1 : open(path.c_str(), O_RDWR | O_CREAT, 0600);
  if (file >= 0 && ftruncate(file, sizeof own) == 0) {
    void* shared = mmap(nullptr, sizeof own, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    if (shared != MAP_FAILED) counters = static_cast<uint64_t*>(shared);
  }
  return counters;
}

void Count(Counter counter, int64_t by) { Counters()[counter] += by; }

/** The status that a call was told to fail with, or fails with after a fault, or 0. */
Status Injected(const char* function) {
  const Lock lock(mutex);
  if (!fault.empty()) return kLaunchFailed;
  static std::string last;
  static std::map<std::string, int> calls;
  const std::string told = Setting("LOWBIT_FAKE_FAIL", "");
  if (told != last) calls.clear();
  last = told;
  if (told.rfind(std::string(function) + "=", 0) != 0) return kSuccess;
  int status = 0;
  int from = 1;
  sscanf(told.c_str() + strlen(function) + 1, "%d@%d", &status, &from);
  return ++calls[function] >= from ? status : kSuccess;
}

#define FAIL_IF_TOLD() \
  if (const Status status = Injected(__func__); status != kSuccess) return status

void Log(const std::string& line) {
  const std::string path = Setting("LOWBIT_FAKE_LOG", "");
  if (path.empty()) return;
  FILE* file = fopen(path.c_str(), "a");
  fprintf(file, "%s\n", line.c_str());
  fclose(file);
}

/** What was captured, and of what streams: those that wait for an event of the capture take part in it. */
struct Capture {
  struct Node {
    std::function<void()> operation;
    std::set<size_t> after;
  };
  StreamHandle origin = nullptr;
  std::vector<Node> captured;
  /** What comes next in a stream runs after these. */
  std::map<StreamHandle, std::set<size_t>> lasts;
  std::vector<std::function<void()>> operations;

  bool Has(StreamHandle stream) const { return stream == origin || lasts.count(stream) > 0; }
  void Add(StreamHandle stream, std::function<void()> operation) {
    captured.push_back({std::move(operation), lasts[stream]});
    lasts[stream] = {captured.size() - 1};
  }
  /** What a node runs after, and it. */
  void Visit(size_t node, std::set<size_t>& visited) const {
    if (!visited.insert(node).second) return;
    for (const size_t before : captured[node].after) Visit(before, visited);
  }
  bool IsJoined() const {
    std::set<size_t> visited;
    const auto own = lasts.find(origin);
    if (own != lasts.end()) for (const size_t last : own->second) Visit(last, visited);
    return visited.size() == captured.size();
  }
  /** Nodes of a graph run in any order in which each comes behind those that it waits for: here the last captured first. */
  void Order() {
    std::set<size_t> done;
    while (done.size() < captured.size()) {
      size_t next = captured.size();
      const auto is_ready = [&](size_t node) {
        const auto& after = captured[node].after;
        return done.count(node) == 0 && std::all_of(after.begin(), after.end(), [&](size_t one) { return done.count(one) > 0; });
      };
      while (!is_ready(--next)) {}
      done.insert(next);
      operations.push_back(captured[next].operation);
    }
  }
};
Capture* capturing = nullptr;

struct Event {
  uint64_t after = 0;
  /** What it stands for in a capture. */
  bool is_captured = false;
  std::set<size_t> captured;
};

/** Runs what was enqueued up to a place, or all of it. */
void RunUntil(uint64_t place) {
  while (run_count < place && !queue.empty()) {
    const auto operation = queue.front();
    queue.pop_front();
    run_count++;
    operation();
    if (fault.empty()) continue;
    run_count += queue.size();
    queue.clear();
  }
}
uint64_t Enqueued() { return run_count + queue.size(); }
void RunAll() { RunUntil(Enqueued()); }

Status Enqueue(StreamHandle stream, std::function<void()> operation) {
  const Lock lock(mutex);
  if (capturing != nullptr && capturing->Has(stream)) capturing->Add(stream, std::move(operation));
  else queue.push_back(std::move(operation));
  return kSuccess;
}

/** Zeros cost nothing where the pages were never touched. */
void Fill(DevicePointer to, unsigned char value, size_t bytes) {
  constexpr size_t page = 4096;
  auto* const start = reinterpret_cast<unsigned char*>(to);
  if (value != 0 || bytes < 4 * page) {
    memset(start, value, bytes);
    return;
  }
  const size_t head = (page - to % page) % page;
  const size_t pages = (bytes - head) / page * page;
  memset(start, 0, head);
  madvise(start + head, pages, MADV_DONTNEED);
  memset(start + head + pages, 0, bytes - head - pages);
}

template <typename T>
T* Bytes(DevicePointer pointer) { return reinterpret_cast<T*>(pointer); }

struct LoadedModule {
  /** What stands behind the fatbin's header, where the emulated nvcc compiled it; else null. */
  void* library = nullptr;
  std::string path;
};

/** The parameters of every generated kernel. */
using Kernel = void (*)(const void* uniforms, const void* chunks, uint32_t chunk_count, const void* tensors);

struct Function {
  std::string name;
  const emulator::Module* module = nullptr;
  Kernel kernel = nullptr;
};

/** A shared object in memory; without a library where it does not load. The loader knows libraries by their names. */
LoadedModule OpenObject(const unsigned char* object, size_t bytes) {
  LoadedModule module{nullptr, std::filesystem::temp_directory_path() / "lowbit-emulated-XXXXXX"};
  const int file = mkstemp(module.path.data());
  if (file < 0) return module;
  const bool is_written = write(file, object, bytes) == ssize_t(bytes);
  close(file);
  if (is_written) module.library = dlopen(module.path.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (module.library == nullptr) unlink(module.path.c_str());
  return module;
}

/**
 * What kernels may touch: the arrays that LOWBIT_FAKE_ARRAYS lists (a line `address bytes` each) and, whole, allocations
 * that have none of them.
 */
std::vector<emulator::Range> WatchedMemory() {
  std::map<uintptr_t, size_t> ranges;
  const std::string path = Setting("LOWBIT_FAKE_ARRAYS", "");
  if (FILE* file = path.empty() ? nullptr : fopen(path.c_str(), "r")) {
    size_t address = 0, bytes = 0;
    while (fscanf(file, "%zu %zu", &address, &bytes) == 2) {
      // An array of nothing may begin where another does.
      size_t& known = ranges[address];
      known = std::max(known, bytes);
    }
    fclose(file);
  }
  for (const auto& [begin, bytes] : memories) {
    const auto next = ranges.lower_bound(begin);
    if (next == ranges.end() || next->first >= begin + bytes) ranges[begin] = bytes;
  }
  std::vector<emulator::Range> list;
  for (const auto& [begin, bytes] : ranges) list.push_back({begin, bytes});
  return list;
}

}  // namespace

extern "C" {

Status cuInit(unsigned) { FAIL_IF_TOLD(); return kSuccess; }
Status cuDriverGetVersion(int* version) { *version = std::stoi(Setting("LOWBIT_FAKE_VERSION", "13000")); return kSuccess; }

Status cuGetErrorName(Status status, const char** text) {
  static const std::map<Status, const char*> names = {
      {1, "CUDA_ERROR_INVALID_VALUE"}, {2, "CUDA_ERROR_OUT_OF_MEMORY"}, {34, "CUDA_ERROR_STUB_LIBRARY"},
      {100, "CUDA_ERROR_NO_DEVICE"}, {200, "CUDA_ERROR_INVALID_IMAGE"}, {209, "CUDA_ERROR_NO_BINARY_FOR_GPU"},
      {222, "CUDA_ERROR_UNSUPPORTED_PTX_VERSION"}, {400, "CUDA_ERROR_INVALID_HANDLE"}, {500, "CUDA_ERROR_NOT_FOUND"},
      {700, "CUDA_ERROR_ILLEGAL_ADDRESS"}, {701, "CUDA_ERROR_LAUNCH_OUT_OF_RESOURCES"}, {719, "CUDA_ERROR_LAUNCH_FAILED"},
      {901, "CUDA_ERROR_STREAM_CAPTURE_INVALIDATED"}};
  const auto found = names.find(status);
  *text = found == names.end() ? nullptr : found->second;
  return found == names.end() ? kInvalidValue : kSuccess;
}
Status cuGetErrorString(Status, const char** text) { *text = fault.empty() ? "as told" : fault.c_str(); return kSuccess; }

Status cuDeviceGetCount(int* count) { FAIL_IF_TOLD(); *count = std::stoi(Setting("LOWBIT_FAKE_GPUS", "1")); return kSuccess; }
Status cuDeviceGet(DeviceOrdinal* device, int ordinal) { *device = ordinal; return kSuccess; }
Status cuDeviceGetName(char* name, int length, DeviceOrdinal) { snprintf(name, length, "Fake GPU"); return kSuccess; }
Status cuDeviceGetAttribute(int* value, int which, DeviceOrdinal) {
  *value = which == attribute::kMultiprocessors ? std::stoi(Setting("LOWBIT_FAKE_SMS", "5")) : which == attribute::kMajor ? 9 : 0;
  return kSuccess;
}
Status cuDeviceTotalMem_v2(size_t* bytes, DeviceOrdinal) { *bytes = std::stoull(Setting("LOWBIT_FAKE_BYTES", "68719476736")); return kSuccess; }
Status cuDevicePrimaryCtxRetain(ContextHandle* context, DeviceOrdinal device) {
  FAIL_IF_TOLD();
  Count(kContexts, 1);
  *context = reinterpret_cast<ContextHandle>(uintptr_t{0x1000} + device);
  return kSuccess;
}
Status cuDevicePrimaryCtxRelease_v2(DeviceOrdinal) { const Lock lock(mutex); RunAll(); fault.clear(); Count(kContexts, -1); return kSuccess; }
Status cuCtxPushCurrent_v2(ContextHandle) { FAIL_IF_TOLD(); const Lock lock(mutex); Count(kCurrent, 1); return kSuccess; }
Status cuCtxPopCurrent_v2(ContextHandle*) { const Lock lock(mutex); Count(kCurrent, -1); return kSuccess; }

Status cuMemGetInfo_v2(size_t* free, size_t* total) {
  cuDeviceTotalMem_v2(total, 0);
  *free = *total - Counters()[kBytes];
  return kSuccess;
}
Status cuMemAlloc_v2(DevicePointer* pointer, size_t bytes) {
  FAIL_IF_TOLD();
  const Lock lock(mutex);
  size_t free = 0, total = 0;
  cuMemGetInfo_v2(&free, &total);
  if (bytes > free) return kOutOfMemory;
  void* memory = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (memory == MAP_FAILED) return kOutOfMemory;
  *pointer = reinterpret_cast<DevicePointer>(memory);
  // What is new holds no zeros.
  memset(memory, 0xa5, bytes < 65536 ? bytes : 65536);
  memories[*pointer] = bytes;
  Count(kMemories, 1);
  Count(kBytes, bytes);
  return kSuccess;
}
Status cuMemFree_v2(DevicePointer pointer) {
  const Lock lock(mutex);
  RunAll();
  const auto found = memories.find(pointer);
  if (found == memories.end()) abort();
  munmap(Bytes<void>(pointer), found->second);
  Count(kMemories, -1);
  Count(kBytes, -int64_t(found->second));
  memories.erase(found);
  return kSuccess;
}
Status cuMemHostAlloc(void** pointer, size_t bytes, unsigned) { FAIL_IF_TOLD(); *pointer = malloc(bytes); const Lock lock(mutex); Count(kPinned, 1); return kSuccess; }
Status cuMemFreeHost(void* pointer) { const Lock lock(mutex); RunAll(); free(pointer); Count(kPinned, -1); return kSuccess; }

Status cuMemcpyHtoDAsync_v2(DevicePointer to, const void* from, size_t bytes, StreamHandle stream) {
  FAIL_IF_TOLD();
  return Enqueue(stream, [=] { memcpy(Bytes<void>(to), from, bytes); });
}
Status cuMemcpyDtoHAsync_v2(void* to, DevicePointer from, size_t bytes, StreamHandle stream) {
  FAIL_IF_TOLD();
  return Enqueue(stream, [=] { memcpy(to, Bytes<void>(from), bytes); });
}
Status cuMemcpyDtoDAsync_v2(DevicePointer to, DevicePointer from, size_t bytes, StreamHandle stream) {
  FAIL_IF_TOLD();
  return Enqueue(stream, [=] {
    Log("{\"kind\":\"copy\",\"to\":\"" + std::to_string(to) + "\",\"from\":\"" + std::to_string(from) +
        "\",\"bytes\":" + std::to_string(bytes) + "}");
    memmove(Bytes<void>(to), Bytes<void>(from), bytes);
  });
}
Status cuMemsetD8Async(DevicePointer to, unsigned char value, size_t bytes, StreamHandle stream) {
  FAIL_IF_TOLD();
  return Enqueue(stream, [=] {
    Log("{\"kind\":\"fill\",\"to\":\"" + std::to_string(to) + "\",\"bytes\":" + std::to_string(bytes) + "}");
    Fill(to, value, bytes);
  });
}
Status cuPointerGetAttribute(void* value, int which, DevicePointer pointer) {
  const Lock lock(mutex);
  auto found = memories.upper_bound(pointer);
  if (found == memories.begin()) return kInvalidValue;
  --found;
  if (pointer >= found->first + found->second) return kInvalidValue;
  if (which == attribute::kPointerMemoryType) *static_cast<unsigned*>(value) = std::stoi(Setting("LOWBIT_FAKE_TYPE", "2"));
  if (which == attribute::kPointerDeviceOrdinal) *static_cast<int*>(value) = std::stoi(Setting("LOWBIT_FAKE_ORDINAL", "0"));
  if (which == attribute::kPointerRangeStart) *static_cast<DevicePointer*>(value) = found->first;
  if (which == attribute::kPointerRangeSize) *static_cast<size_t*>(value) = found->second;
  return kSuccess;
}

Status cuModuleLoadData(ModuleHandle* module, const void* image) {
  FAIL_IF_TOLD();
  const auto* const bytes = static_cast<const unsigned char*>(image);
  uint16_t header = 0;
  uint64_t size = 0;
  memcpy(&header, bytes + 6, sizeof header);
  memcpy(&size, bytes + 8, sizeof size);
  const bool is_emulated = size > 4 && memcmp(bytes + header, "\177ELF", 4) == 0;
  const LoadedModule loaded = is_emulated ? OpenObject(bytes + header, size) : LoadedModule{};
  if (is_emulated && loaded.library == nullptr) return kInvalidImage;
  Count(kModules, 1);
  *module = reinterpret_cast<ModuleHandle>(new LoadedModule(loaded));
  return kSuccess;
}
Status cuModuleUnload(ModuleHandle handle) {
  const Lock lock(mutex);
  RunAll();
  auto* const module = reinterpret_cast<LoadedModule*>(handle);
  if (module->library != nullptr) {
    dlclose(module->library);
    unlink(module->path.c_str());
  }
  delete module;
  Count(kModules, -1);
  return kSuccess;
}
Status cuModuleGetFunction(FunctionHandle* function, ModuleHandle handle, const char* name) {
  FAIL_IF_TOLD();
  // As long as the process: a handle of a function is never given back.
  static std::deque<Function> functions;
  const Lock lock(mutex);
  void* const library = reinterpret_cast<LoadedModule*>(handle)->library;
  Function found{name, nullptr, nullptr};
  if (library != nullptr) {
    found.module = static_cast<const emulator::Module*>(dlsym(library, "emulator_module"));
    found.kernel = reinterpret_cast<Kernel>(dlsym(library, name));
  }
  if (library != nullptr ? found.module == nullptr || found.kernel == nullptr : strcmp(name, "absent") == 0) return kNotFound;
  functions.push_back(found);
  *function = reinterpret_cast<FunctionHandle>(&functions.back());
  return kSuccess;
}
Status cuFuncGetAttribute(int* value, int which, FunctionHandle) { *value = 40 + which; return kSuccess; }
Status cuOccupancyMaxActiveBlocksPerMultiprocessor(int* blocks, FunctionHandle, int, size_t) { *blocks = 3; return kSuccess; }
Status cuLaunchKernel(FunctionHandle function, unsigned x, unsigned, unsigned, unsigned threads, unsigned, unsigned, unsigned,
                      StreamHandle stream, void** parameters, void**) {
  FAIL_IF_TOLD();
  const auto& [name, module, kernel] = *reinterpret_cast<const Function*>(function);
  const auto uniforms = *static_cast<DevicePointer*>(parameters[0]);
  const auto chunks = *static_cast<DevicePointer*>(parameters[1]);
  const auto count = *static_cast<uint32_t*>(parameters[2]);
  const auto tensors = *static_cast<DevicePointer*>(parameters[3]);
  return Enqueue(stream, [=, name = name, module = module, kernel = kernel] {
    Count(kLaunches, 1);
    std::string words;
    for (int i = 0; i < 4; i++) words += (i ? "," : "") + std::to_string(Bytes<uint32_t>(uniforms)[i]);
    Log("{\"kind\":\"launch\",\"kernel\":\"" + name + "\",\"blocks\":" + std::to_string(x) + ",\"threads\":" +
        std::to_string(threads) + ",\"uniforms\":[" + words + "],\"chunks\":\"" + std::to_string(chunks) + "\",\"count\":" +
        std::to_string(count) + ",\"tensors\":\"" + std::to_string(tensors) + "\"}");
    if (kernel == nullptr) return;
    const auto thread = [=] { kernel(Bytes<void>(uniforms), Bytes<void>(chunks), count, Bytes<void>(tensors)); };
    const uint64_t seed = std::stoull(Setting("LOWBIT_FAKE_SEED", "1")) << 32 | (Counters()[kLaunches] & 0xffffffff);
    fault = emulator::Run({name, thread, module, x, threads, seed, WatchedMemory()});
  });
}

Status cuStreamCreate(StreamHandle* stream, unsigned) {
  FAIL_IF_TOLD();
  Count(kStreams, 1);
  static uintptr_t created = 0x3000;
  *stream = reinterpret_cast<StreamHandle>(created++);
  return kSuccess;
}
Status cuStreamWaitEvent(StreamHandle stream, EventHandle handle, unsigned) {
  FAIL_IF_TOLD();
  const Lock lock(mutex);
  const auto& event = *reinterpret_cast<Event*>(handle);
  if (capturing == nullptr || !event.is_captured) return kSuccess;
  capturing->lasts[stream].insert(event.captured.begin(), event.captured.end());
  return kSuccess;
}
Status cuStreamDestroy_v2(StreamHandle) { const Lock lock(mutex); RunAll(); Count(kStreams, -1); return kSuccess; }
Status cuStreamBeginCapture_v2(StreamHandle stream, int) { FAIL_IF_TOLD(); const Lock lock(mutex); capturing = new Capture(); capturing->origin = stream; return kSuccess; }
Status cuStreamEndCapture(StreamHandle, GraphHandle* graph) {
  const Lock lock(mutex);
  Capture* const captured = capturing;
  capturing = nullptr;
  *graph = nullptr;
  if (const Status status = Injected(__func__); status != kSuccess) {
    delete captured;
    return status;
  }
  if (!captured->IsJoined()) {
    delete captured;
    return kCaptureUnjoined;
  }
  captured->Order();
  *graph = reinterpret_cast<GraphHandle>(captured);
  Count(kGraphs, 1);
  return kSuccess;
}
Status cuGraphInstantiateWithFlags(GraphExecHandle* exec, GraphHandle graph, unsigned long long) {
  FAIL_IF_TOLD();
  *exec = reinterpret_cast<GraphExecHandle>(new Capture(*reinterpret_cast<Capture*>(graph)));
  Count(kGraphs, 1);
  return kSuccess;
}
Status cuGraphLaunch(GraphExecHandle exec, StreamHandle stream) {
  FAIL_IF_TOLD();
  for (const auto& operation : reinterpret_cast<Capture*>(exec)->operations) Enqueue(stream, operation);
  return kSuccess;
}
Status cuGraphExecDestroy(GraphExecHandle exec) { delete reinterpret_cast<Capture*>(exec); Count(kGraphs, -1); return kSuccess; }
Status cuGraphDestroy(GraphHandle graph) { delete reinterpret_cast<Capture*>(graph); Count(kGraphs, -1); return kSuccess; }

Status cuEventCreate(EventHandle* event, unsigned) { FAIL_IF_TOLD(); const Lock lock(mutex); Count(kEvents, 1); *event = reinterpret_cast<EventHandle>(new Event()); return kSuccess; }
Status cuEventDestroy_v2(EventHandle event) { const Lock lock(mutex); Count(kEvents, -1); delete reinterpret_cast<Event*>(event); return kSuccess; }
Status cuEventRecord(EventHandle handle, StreamHandle stream) {
  FAIL_IF_TOLD();
  const Lock lock(mutex);
  auto& event = *reinterpret_cast<Event*>(handle);
  event.after = Enqueued();
  event.is_captured = capturing != nullptr && capturing->Has(stream);
  if (event.is_captured) event.captured = capturing->lasts[stream];
  return kSuccess;
}
Status cuEventSynchronize(EventHandle event) { FAIL_IF_TOLD(); const Lock lock(mutex); RunUntil(reinterpret_cast<Event*>(event)->after); return fault.empty() ? kSuccess : kLaunchFailed; }
Status cuEventElapsedTime(float* milliseconds, EventHandle, EventHandle) { *milliseconds = 1.5f; return kSuccess; }

}  // extern "C"
