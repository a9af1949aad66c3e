// The part of CUDA that generated kernels use, for a C++ compiler: included before a generated .cu by the emulated nvcc.
// What is missing here does not compile, so that a new intrinsic is added with its meaning. Threads are fibers (block.cc),
// and a block's shared memory is static, since blocks run one after the other.
#pragma once

#include <cfloat>
#include <cstdint>
#include <cstring>
#include <type_traits>

#include "machine.h"

#define __global__ __attribute__((visibility("default"), used))
#define __device__
#define __constant__ const
#define __host__
#define __shared__ static __attribute__((section("shared_memory")))
#define __forceinline__ inline __attribute__((always_inline))
#define __noinline__ __attribute__((noinline))
#define __launch_bounds__(...)
#define __align__(bytes) alignas(bytes)

extern "C" {
extern unsigned char __start_shared_memory[] __attribute__((weak, visibility("hidden")));
extern unsigned char __stop_shared_memory[] __attribute__((weak, visibility("hidden")));
}

emulator::Index threadIdx, blockIdx, blockDim, gridDim;
inline constexpr int warpSize = 32;

inline bool __isShared(const void*) { return true; }
#define __builtin_assume(condition)

inline uintptr_t __cvta_generic_to_shared(const void* place) {
  return uintptr_t(static_cast<const unsigned char*>(place) - __start_shared_memory);
}

namespace emulator {
static Machine* machine;
static const void* stack;
}
#ifdef EMULATOR_CHECKS
#include "checks.h"
#define EMULATOR_ATOMIC(place) \
  emulator::touch(emulator::Access::kAtomic, place, sizeof *place, __builtin_return_address(0))
#else
#define EMULATOR_UNWATCHED inline
#define EMULATOR_ATOMIC(place)
#endif

namespace emulator {

extern "C" __attribute__((visibility("default"))) Module emulator_module;
Module emulator_module = {&machine,  &threadIdx, &blockIdx, &blockDim, &gridDim, &stack,
                          __start_shared_memory, __stop_shared_memory};

template <typename To, typename From>
inline To bits(From from) {
  static_assert(sizeof(To) == sizeof(From), "as many bits");
  To to;
  std::memcpy(&to, &from, sizeof to);
  return to;
}

template <typename T>
inline uint64_t widen(T value) {
  static_assert(sizeof(T) == 4 || sizeof(T) == 8, "lanes exchange 4 or 8 bytes");
  if constexpr (sizeof(T) == 8) return bits<uint64_t>(value);
  else return bits<uint32_t>(value);
}
template <typename T>
inline T narrow(uint64_t word) {
  if constexpr (sizeof(T) == 8) return bits<T>(word);
  else return bits<T>(uint32_t(word));
}

}  // namespace emulator

// Vector types, aligned as CUDA has them.
struct alignas(8) uint2 { uint32_t x, y; };
struct alignas(16) uint4 { uint32_t x, y, z, w; };
struct alignas(8) int2 { int32_t x, y; };
struct alignas(16) int4 { int32_t x, y, z, w; };
struct alignas(8) float2 { float x, y; };
struct alignas(16) float4 { float x, y, z, w; };
struct alignas(4) ushort2 { uint16_t x, y; };
struct alignas(8) ushort4 { uint16_t x, y, z, w; };
struct alignas(16) ulonglong2 { unsigned long long x, y; };
inline uint2 make_uint2(uint32_t x, uint32_t y) { return {x, y}; }
inline uint4 make_uint4(uint32_t x, uint32_t y, uint32_t z, uint32_t w) { return {x, y, z, w}; }
inline float2 make_float2(float x, float y) { return {x, y}; }
inline float4 make_float4(float x, float y, float z, float w) { return {x, y, z, w}; }

// Bits, conversions and arithmetic. Every operation rounds once: compiled with -ffp-contract=off.
inline uint32_t __float_as_uint(float x) { return emulator::bits<uint32_t>(x); }
inline int32_t __float_as_int(float x) { return emulator::bits<int32_t>(x); }
inline float __uint_as_float(uint32_t x) { return emulator::bits<float>(x); }
inline float __int_as_float(int32_t x) { return emulator::bits<float>(x); }
inline float __uint2float_rn(uint32_t x) { return float(x); }
inline float __int2float_rn(int32_t x) { return float(x); }
inline float __ull2float_rn(unsigned long long x) { return float(x); }
/** Saturates; NaN is 0. */
inline uint32_t __float2uint_rz(float x) {
  if (!(x > 0.0f)) return 0;
  return x >= 4294967296.0f ? 0xffffffffu : uint32_t(x);
}
inline uint32_t __float2uint_rn(float x) { return __float2uint_rz(__builtin_rintf(x)); }
inline float fabsf(float x) { return __uint_as_float(__float_as_uint(x) & 0x7fffffffu); }
inline float __fsqrt_rn(float x) { return __builtin_sqrtf(x); }
inline float __fadd_rn(float x, float y) { return x + y; }
inline float __fsub_rn(float x, float y) { return x - y; }
inline float __fmul_rn(float x, float y) { return x * y; }
inline float __fdiv_rn(float x, float y) { return x / y; }
inline float __frcp_rn(float x) { return 1.0f / x; }
inline float __fmaf_rn(float x, float y, float z) { return __builtin_fmaf(x, y, z); }
inline float fmaf(float x, float y, float z) { return __builtin_fmaf(x, y, z); }
/** NaN only of two; the positive one of two zeros. */
inline float fmaxf(float x, float y) {
  if (x != x) return y != y ? __uint_as_float(0x7fffffffu) : y;
  if (x == y) return __uint_as_float(__float_as_uint(x) & __float_as_uint(y));
  return x < y ? y : x;
}
inline float fminf(float x, float y) {
  if (x != x) return y != y ? __uint_as_float(0x7fffffffu) : y;
  if (x == y) return __uint_as_float(__float_as_uint(x) | __float_as_uint(y));
  return y < x ? y : x;
}
template <typename T>
inline T min(T x, T y) {
  static_assert(std::is_integral_v<T>, "fminf says which of two zeros");
  return y < x ? y : x;
}
template <typename T>
inline T max(T x, T y) {
  static_assert(std::is_integral_v<T>, "fmaxf says which of two zeros");
  return x < y ? y : x;
}

inline float __saturatef(float x) { return x > 0.0f ? (x < 1.0f ? x : 1.0f) : 0.0f; }

namespace emulator {
/** A number's own, to be off by as much every time. */
inline uint32_t hash_of(float x) {
  const uint32_t word = __float_as_uint(x);
  return (word * 0x9e3779b1u) ^ (word * 0x85ebca77u >> 13);
}
/** The same number, so many units in the last place off at most: as many for the same number every time. */
inline float perturbed(float x, int32_t units) {
  const uint32_t word = __float_as_uint(x);
  if ((word << 1) < 0x02000000u || (word << 1) >= 0xfe000000u) return x;
  return __uint_as_float(word + uint32_t(int32_t(hash_of(x) >> 16) % (2 * units + 1) - units));
}
inline float flushed(float x) { return (__float_as_uint(x) << 1) < 0x01000000u ? __builtin_copysignf(0.0f, x) : x; }
/**
 * rcp.approx.ftz.f32: within one unit; subnormal numbers are zero. Such that Newton's step, by which nvcc makes the reciprocal
 * of its own division, comes to the nearest float: a unit less would not do for a fraction of ones alone.
 */
inline float approximate_rcp(float x) {
  const float nearest = flushed(1.0f / flushed(x));
  const float found = flushed(perturbed(nearest, 1));
  return __builtin_fmaf(__builtin_fmaf(-x, found, 1.0f), found, found) == nearest ? found : nearest;
}
/**
 * rsqrt.approx.ftz.f32: within a unit, and such that the steps by which nvcc makes its own root of it, which is right by
 * IEEE 754, come to that root: one unit more would not do for two fractions, 0x1.f82294p0 and 0x1.dd26e4p1.
 */
inline float approximate_rsqrt(float x) {
  const float nearest = float(1.0 / __builtin_sqrt(double(flushed(x))));
  const float found = flushed(perturbed(nearest, 1));
  const float root = x * found;
  const bool is_right = __builtin_fmaf(__builtin_fmaf(-root, root, x), found * 0.5f, root) == __builtin_sqrtf(x);
  return is_right ? found : nearest;
}
/** sqrt.approx.ftz.f32: within 2^-23 of the root. */
inline float approximate_sqrt(float x) { return perturbed(__builtin_sqrtf(flushed(x)), 1); }
/** lg2.approx.ftz.f32: within 2^-22, or within 2^-22 of the logarithm where that is more; as far off for the same number every time. */
inline float approximate_lg2(float x) {
  const double exact = __builtin_log2(double(flushed(x)));
  const uint32_t hash = hash_of(x);
  // Beside the rounding of what is returned.
  const double off = (hash >> 8 & 1 ? 0x1.8p-23 : -0x1.8p-23) * (hash >> 9 & 1 ? 1.0 : (hash >> 16) / 65536.0);
  return float(exact + off * (__builtin_fabs(exact) > 1.0 ? __builtin_fabs(exact) : 1.0));
}
/** Two units off at most, for divisors of 2^-126 to 2^126 (CUDA Programming Guide). */
inline float quotient(float x, float y) { return perturbed(x / y, 2); }
/** cvt.rn.bf16.f32, of a float's bits; every NaN becomes the same. */
inline uint16_t bfloat16(uint32_t bits) {
  if ((bits << 1) > 0xff000000u) return 0x7fff;
  return uint16_t((bits + 0x7fffu + (bits >> 16 & 1u)) >> 16);
}
/** Copies to shared memory that a thread has begun, each in a group: none is there before it is waited for. */
struct Copies {
  struct Copy {
    uint32_t target;
    const void* source;
    uint32_t words;
    uint32_t group;
  };
  uint32_t block, group, count;
  Copy begun[128];
};
static Copies all_copies[1024];
inline Copies& copies() {
  Copies& own = all_copies[threadIdx.x];
  if (own.block != blockIdx.x) {
    own.block = blockIdx.x;
    own.group = own.count = 0;
  }
  return own;
}
/** cp.async.bulk.prefetch.L2, which takes whole pieces of 16 bytes */
inline void fetch_to_l2(const void* source, uint64_t bytes) {
  if ((reinterpret_cast<uintptr_t>(source) | bytes) % 16 != 0) __builtin_trap();
}
/** What a copy moves. */
inline void move_words(uint32_t target, const void* source, uint32_t count) {
  typedef uint32_t __attribute__((may_alias)) Word;
  Word* words = reinterpret_cast<Word*>(__start_shared_memory + target);
  for (uint32_t i = 0; i < count; i++) words[i] = static_cast<const Word*>(source)[i];
}
/** cp.async: it comes as late as it may, or at once. */
template <uint32_t Bytes>
inline void copy(uint32_t target, const void* source) {
#ifdef EMULATOR_EARLY_COPIES
  return move_words(target, source, Bytes / 4);
#endif
  Copies& own = copies();
  // What finds no room is never there: so many at once is a mistake of the kernel's.
  if (own.count < 128) own.begun[own.count++] = {target, source, Bytes / 4, own.group};
}
/** cp.async.commit_group */
inline void end_copies() { copies().group++; }
/** cp.async.wait_group */
template <uint32_t Rest>
inline void await_copies() {
  Copies& own = copies();
  uint32_t left = 0;
  for (uint32_t i = 0; i < own.count; i++) {
    const Copies::Copy begun = own.begun[i];
    if (begun.group + Rest >= own.group) {
      own.begun[left++] = begun;
      continue;
    }
    move_words(begun.target, begun.source, begun.words);
  }
  own.count = left;
}
/** cvt.rn.bf16x2.f32: the first in the upper half. */
inline uint32_t bfloat16_pair(float high, float low) {
  return uint32_t{bfloat16(__float_as_uint(high))} << 16 | bfloat16(__float_as_uint(low));
}
/** fma.rn.bf16x2. */
inline uint32_t bfloat16_fma(uint32_t x, uint32_t y, uint32_t z) {
  const auto half = [&](uint32_t shift) {
    const auto value = [&](uint32_t pair) { return double(__uint_as_float(pair >> shift << 16)); };
    return uint32_t{bfloat16(__float_as_uint(float(value(x) * value(y) + value(z))))} << shift;
  };
  return half(16) | half(0);
}
}  // namespace emulator

inline float __fdividef(float x, float y) { return emulator::quotient(x, y); }

#ifdef EMULATOR_APPROXIMATE_ROOTS
/** sqrt.approx.f32: within 2^-23 of the root. */
inline float sqrtf(float x) { return emulator::perturbed(__builtin_sqrtf(x), 1); }
#else
inline float sqrtf(float x) { return __builtin_sqrtf(x); }
#endif

inline int __popc(uint32_t x) { return __builtin_popcount(x); }
inline int __clz(uint32_t x) { return x == 0 ? 32 : __builtin_clz(x); }
inline uint32_t __brev(uint32_t x) {
  uint32_t result = 0;
  for (int i = 0; i < 32; i++) result |= (x >> i & 1) << (31 - i);
  return result;
}
inline int __ffs(uint32_t x) { return __builtin_ffs(int(x)); }
inline uint32_t __umulhi(uint32_t x, uint32_t y) { return uint32_t(uint64_t{x} * y >> 32); }
inline uint32_t __funnelshift_l(uint32_t low, uint32_t high, uint32_t shift) {
  return uint32_t((uint64_t{high} << 32 | low) << (shift & 31) >> 32);
}
inline uint32_t __funnelshift_r(uint32_t low, uint32_t high, uint32_t shift) {
  return uint32_t((uint64_t{high} << 32 | low) >> (shift & 31));
}
inline uint32_t __byte_perm(uint32_t x, uint32_t y, uint32_t selector) {
  const uint64_t bytes = uint64_t{y} << 32 | x;
  uint32_t result = 0;
  for (int i = 0; i < 4; i++) {
    const uint32_t choice = selector >> 4 * i & 15;
    const uint32_t byte = uint32_t(bytes >> 8 * (choice & 7)) & 255;
    result |= (choice & 8 ? (byte & 128 ? 255u : 0u) : byte) << 8 * i;
  }
  return result;
}

// Memory: caches change nothing.
template <typename T> inline T __ldg(const T* place) { return *place; }
template <typename T> inline T __ldcs(const T* place) { return *place; }
template <typename T, typename U> inline void __stcs(T* place, U value) { *place = value; }
template <typename T, typename U> inline void __stcg(T* place, U value) { *place = value; }
inline void __threadfence() {}
inline void __threadfence_block() {}

// Atomics: what was there before. A fiber is not interrupted in them.
#define EMULATOR_UPDATE(name, update)                 \
  template <typename T>                               \
  EMULATOR_UNWATCHED T name(T* place, T value) {      \
    EMULATOR_ATOMIC(place);                           \
    const T old = *place;                             \
    *place = update;                                  \
    return old;                                       \
  }
EMULATOR_UPDATE(atomicAdd, old + value)
EMULATOR_UPDATE(atomicMax, max(old, value))
EMULATOR_UPDATE(atomicMin, min(old, value))
EMULATOR_UPDATE(atomicOr, old | value)
EMULATOR_UPDATE(atomicAnd, old & value)
EMULATOR_UPDATE(atomicXor, old ^ value)
EMULATOR_UPDATE(atomicExch, value)
EMULATOR_UPDATE(atomicInc, old >= value ? 0 : old + 1)
#undef EMULATOR_UPDATE

/** From the cache that all blocks share: what atomics of others have left there so far. */
template <typename T>
EMULATOR_UNWATCHED T __ldcg(const T* place) {
  EMULATOR_ATOMIC(place);
  return *place;
}
#undef EMULATOR_ATOMIC

// What threads do together. The line is the caller's: threads meet at one place of the source.
#define EMULATOR_LINE uint32_t line = __builtin_LINE()
#define EMULATOR_EXCHANGE(value) emulator::machine->Exchange({__func__, line, mask, emulator::widen(value)})

EMULATOR_UNWATCHED void __syncthreads(EMULATOR_LINE) { emulator::machine->Synchronize({__func__, line, 0, 0}); }
EMULATOR_UNWATCHED void __syncwarp(uint32_t mask = 0xffffffffu, EMULATOR_LINE) { EMULATOR_EXCHANGE(0u); }

namespace emulator {
inline uint32_t lane() { return (threadIdx.x + blockDim.x * (threadIdx.y + blockDim.y * threadIdx.z)) % 32; }
/** Lanes of a shuffle's segment: as PTX has them. */
inline uint32_t first(int width) { return lane() & (32u - uint32_t(width)); }
inline uint32_t last(int width) { return first(width) | (uint32_t(width) - 1); }
}  // namespace emulator

template <typename T>
EMULATOR_UNWATCHED T __shfl_sync(uint32_t mask, T value, int source, int width = 32, EMULATOR_LINE) {
  const uint64_t* lanes = EMULATOR_EXCHANGE(value);
  return emulator::narrow<T>(lanes[emulator::first(width) | (uint32_t(source) & (uint32_t(width) - 1))]);
}
template <typename T>
EMULATOR_UNWATCHED T __shfl_xor_sync(uint32_t mask, T value, int distance, int width = 32, EMULATOR_LINE) {
  const uint64_t* lanes = EMULATOR_EXCHANGE(value);
  const uint32_t source = emulator::lane() ^ uint32_t(distance);
  return source <= emulator::last(width) ? emulator::narrow<T>(lanes[source]) : value;
}
template <typename T>
EMULATOR_UNWATCHED T __shfl_up_sync(uint32_t mask, T value, uint32_t distance, int width = 32, EMULATOR_LINE) {
  const uint64_t* lanes = EMULATOR_EXCHANGE(value);
  const bool is_inside = emulator::lane() >= emulator::first(width) + distance;
  return is_inside ? emulator::narrow<T>(lanes[emulator::lane() - distance]) : value;
}
template <typename T>
EMULATOR_UNWATCHED T __shfl_down_sync(uint32_t mask, T value, uint32_t distance, int width = 32, EMULATOR_LINE) {
  const uint64_t* lanes = EMULATOR_EXCHANGE(value);
  const bool is_inside = emulator::lane() + distance <= emulator::last(width);
  return is_inside ? emulator::narrow<T>(lanes[emulator::lane() + distance]) : value;
}
EMULATOR_UNWATCHED uint32_t __ballot_sync(uint32_t mask, int predicate, EMULATOR_LINE) {
  const uint64_t* lanes = EMULATOR_EXCHANGE(predicate);
  uint32_t ballot = 0;
  for (uint32_t i = 0; i < 32; i++) ballot |= (mask >> i & 1 && lanes[i] != 0 ? 1u : 0u) << i;
  return ballot;
}
inline int __any_sync(uint32_t mask, int predicate, EMULATOR_LINE) { return __ballot_sync(mask, predicate, line) != 0; }
inline int __all_sync(uint32_t mask, int predicate, EMULATOR_LINE) { return __ballot_sync(mask, predicate, line) == mask; }

#define EMULATOR_REDUCE(name, combine)                                                     \
  template <typename T>                                                                    \
  EMULATOR_UNWATCHED T name(uint32_t mask, T value, EMULATOR_LINE) {                                   \
    static_assert(std::is_integral_v<T> && sizeof(T) == 4, "int or unsigned");             \
    const uint64_t* lanes = EMULATOR_EXCHANGE(value);                                      \
    T result = value;                                                                      \
    for (uint32_t i = 0; i < 32; i++) {                                                    \
      const T other = emulator::narrow<T>(lanes[i]);                                       \
      if (mask >> i & 1 && i != emulator::lane()) result = combine;                        \
    }                                                                                      \
    return result;                                                                         \
  }
EMULATOR_REDUCE(__reduce_add_sync, result + other)
EMULATOR_REDUCE(__reduce_max_sync, max(result, other))
EMULATOR_REDUCE(__reduce_min_sync, min(result, other))
EMULATOR_REDUCE(__reduce_and_sync, result & other)
EMULATOR_REDUCE(__reduce_or_sync, result | other)
EMULATOR_REDUCE(__reduce_xor_sync, result ^ other)

#undef EMULATOR_REDUCE
#undef EMULATOR_EXCHANGE
#undef EMULATOR_LINE
#undef EMULATOR_UNWATCHED
