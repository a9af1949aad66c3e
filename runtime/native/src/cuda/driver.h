#pragma once

#include <cstddef>
#include <cstdint>
#include <exception>
#include <string>

/** The part of NVIDIA's driver interface that is used, declared by hand: there is no cuda.h where this is built. */
namespace lowbit::cuda {

using Status = int;
using DevicePointer = unsigned long long;
using DeviceOrdinal = int;
using ContextHandle = struct OpaqueContext*;
using ModuleHandle = struct OpaqueModule*;
using FunctionHandle = struct OpaqueFunction*;
using StreamHandle = struct OpaqueStream*;
using EventHandle = struct OpaqueEvent*;
using GraphHandle = struct OpaqueGraph*;
using GraphExecHandle = struct OpaqueGraphExec*;

inline constexpr Status kSuccess = 0;

/** Numbers fixed by the driver's ABI. */
namespace attribute {
inline constexpr int kMultiprocessors = 16, kMajor = 75, kMinor = 76;
inline constexpr int kFunctionMaxThreads = 0, kFunctionSharedBytes = 1, kFunctionLocalBytes = 3, kFunctionRegisters = 4;
inline constexpr int kPointerMemoryType = 2, kPointerDeviceOrdinal = 9, kPointerRangeStart = 11, kPointerRangeSize = 12;
}  // namespace attribute
inline constexpr unsigned kMemoryTypeDevice = 2;
inline constexpr unsigned kStreamNonBlocking = 1;
inline constexpr unsigned kEventDefault = 0;
inline constexpr unsigned kEventDisableTiming = 2;
/** Memory that is collected during a capture may be freed. */
inline constexpr int kCaptureModeRelaxed = 2;

// Name, symbol with the version whose ABI is declared here, parameters.
#define LOWBIT_CUDA_FUNCTIONS(X)                                                                                      \
  X(Init, "cuInit", (unsigned flags))                                                                                 \
  X(DriverGetVersion, "cuDriverGetVersion", (int* version))                                                           \
  X(GetErrorName, "cuGetErrorName", (Status status, const char** text))                                               \
  X(GetErrorString, "cuGetErrorString", (Status status, const char** text))                                           \
  X(DeviceGetCount, "cuDeviceGetCount", (int* count))                                                                 \
  X(DeviceGet, "cuDeviceGet", (DeviceOrdinal * device, int ordinal))                                                  \
  X(DeviceGetName, "cuDeviceGetName", (char* name, int length, DeviceOrdinal device))                                 \
  X(DeviceGetAttribute, "cuDeviceGetAttribute", (int* value, int attribute, DeviceOrdinal device))                    \
  X(DeviceTotalMem, "cuDeviceTotalMem_v2", (size_t * bytes, DeviceOrdinal device))                                    \
  X(DevicePrimaryCtxRetain, "cuDevicePrimaryCtxRetain", (ContextHandle * context, DeviceOrdinal device))              \
  X(DevicePrimaryCtxRelease, "cuDevicePrimaryCtxRelease_v2", (DeviceOrdinal device))                                  \
  X(CtxPushCurrent, "cuCtxPushCurrent_v2", (ContextHandle context))                                                   \
  X(CtxPopCurrent, "cuCtxPopCurrent_v2", (ContextHandle * context))                                                   \
  X(MemGetInfo, "cuMemGetInfo_v2", (size_t * free, size_t* total))                                                    \
  X(MemAlloc, "cuMemAlloc_v2", (DevicePointer * pointer, size_t bytes))                                               \
  X(MemFree, "cuMemFree_v2", (DevicePointer pointer))                                                                 \
  X(MemHostAlloc, "cuMemHostAlloc", (void** pointer, size_t bytes, unsigned flags))                                   \
  X(MemFreeHost, "cuMemFreeHost", (void* pointer))                                                                    \
  X(MemcpyHtoDAsync, "cuMemcpyHtoDAsync_v2", (DevicePointer to, const void* from, size_t bytes, StreamHandle stream)) \
  X(MemcpyDtoHAsync, "cuMemcpyDtoHAsync_v2", (void* to, DevicePointer from, size_t bytes, StreamHandle stream))       \
  X(MemcpyDtoDAsync, "cuMemcpyDtoDAsync_v2",                                                                          \
    (DevicePointer to, DevicePointer from, size_t bytes, StreamHandle stream))                                        \
  X(MemsetD8Async, "cuMemsetD8Async", (DevicePointer to, unsigned char value, size_t bytes, StreamHandle stream))     \
  X(PointerGetAttribute, "cuPointerGetAttribute", (void* value, int attribute, DevicePointer pointer))                \
  X(ModuleLoadData, "cuModuleLoadData", (ModuleHandle * module, const void* image))                                   \
  X(ModuleUnload, "cuModuleUnload", (ModuleHandle module))                                                            \
  X(ModuleGetFunction, "cuModuleGetFunction", (FunctionHandle * function, ModuleHandle module, const char* name))     \
  X(FuncGetAttribute, "cuFuncGetAttribute", (int* value, int attribute, FunctionHandle function))                     \
  X(OccupancyMaxActiveBlocks, "cuOccupancyMaxActiveBlocksPerMultiprocessor",                                          \
    (int* blocks, FunctionHandle function, int threads, size_t shared_bytes))                                         \
  X(LaunchKernel, "cuLaunchKernel",                                                                                   \
    (FunctionHandle function, unsigned grid_x, unsigned grid_y, unsigned grid_z, unsigned block_x, unsigned block_y,  \
     unsigned block_z, unsigned shared_bytes, StreamHandle stream, void** parameters, void** extra))                  \
  X(StreamCreate, "cuStreamCreate", (StreamHandle * stream, unsigned flags))                                          \
  X(StreamDestroy, "cuStreamDestroy_v2", (StreamHandle stream))                                                       \
  X(StreamWaitEvent, "cuStreamWaitEvent", (StreamHandle stream, EventHandle event, unsigned flags))                   \
  X(StreamBeginCapture, "cuStreamBeginCapture_v2", (StreamHandle stream, int mode))                                   \
  X(StreamEndCapture, "cuStreamEndCapture", (StreamHandle stream, GraphHandle * graph))                               \
  X(GraphInstantiate, "cuGraphInstantiateWithFlags",                                                                  \
    (GraphExecHandle * exec, GraphHandle graph, unsigned long long flags))                                            \
  X(GraphLaunch, "cuGraphLaunch", (GraphExecHandle exec, StreamHandle stream))                                        \
  X(GraphExecDestroy, "cuGraphExecDestroy", (GraphExecHandle exec))                                                   \
  X(GraphDestroy, "cuGraphDestroy", (GraphHandle graph))                                                              \
  X(EventCreate, "cuEventCreate", (EventHandle * event, unsigned flags))                                              \
  X(EventDestroy, "cuEventDestroy_v2", (EventHandle event))                                                           \
  X(EventRecord, "cuEventRecord", (EventHandle event, StreamHandle stream))                                           \
  X(EventSynchronize, "cuEventSynchronize", (EventHandle event))                                                      \
  X(EventElapsedTime, "cuEventElapsedTime", (float* milliseconds, EventHandle start, EventHandle end))

struct Driver {
#define LOWBIT_CUDA_MEMBER(name, symbol, parameters) Status(*name) parameters = nullptr;
  LOWBIT_CUDA_FUNCTIONS(LOWBIT_CUDA_MEMBER)
#undef LOWBIT_CUDA_MEMBER
  /** 1000 * major + 10 * minor of the CUDA version that the driver supports. */
  int version = 0;
};

/** Why a call failed, for runtime/cuda/failures.ts, which says it in a sentence. */
struct Failure : std::exception {
  /** `no-library`, `no-symbol` or the driver's own name of the error. */
  std::string name;
  /** The library, the symbol or the call. */
  std::string subject;
  /** In the driver's or the loader's words. */
  std::string detail;
  /** Of the driver, where it could be asked; else 0. */
  int version = 0;

  Failure(std::string name, std::string subject, std::string detail, int version)
      : name(std::move(name)), subject(std::move(subject)), detail(std::move(detail)), version(version) {}
  const char* what() const noexcept override { return name.c_str(); }
};

/** Loads the library and its functions at the first call; it stays loaded. Any thread may call. */
const Driver& OpenDriver(const std::string& library);

/** Throws what a call that failed says of itself. */
void Check(const Driver& driver, Status status, const char* call);

}  // namespace lowbit::cuda

/** `CUDA(driver, MemFree, pointer)`: a call that throws where it fails. */
#define CUDA(driver, name, ...) \
  ::lowbit::cuda::Check((driver), (driver).name(__VA_ARGS__), ::lowbit::cuda::symbol::name)

namespace lowbit::cuda::symbol {
#define LOWBIT_CUDA_SYMBOL(name, symbol, parameters) inline constexpr const char* name = symbol;
LOWBIT_CUDA_FUNCTIONS(LOWBIT_CUDA_SYMBOL)
#undef LOWBIT_CUDA_SYMBOL
}  // namespace lowbit::cuda::symbol
