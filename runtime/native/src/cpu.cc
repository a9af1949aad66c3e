#include "cpu.h"

#include <dlfcn.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <string>
#include <thread>

#include "thread_pool.h"

namespace lowbit {

namespace {

/** What templates/cpu prints: uniforms, chunks, a range of them, tensors. */
using Kernel = void(const void* uniforms, const void* chunks, uint64_t first, uint64_t last, const void* tensors);

/** Of the libraries that packages are compiled to, the best first. */
Napi::Array InstructionSets(Napi::Env env) {
  Napi::Array sets = Napi::Array::New(env);
  const auto add = [&](const char* name) { sets[sets.Length()] = Napi::String::New(env, name); };
#if defined(__x86_64__)
  __builtin_cpu_init();
  const bool has_v3 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi") &&
                      __builtin_cpu_supports("bmi2") && __builtin_cpu_supports("fma");
  const bool has_v4 = has_v3 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
                      __builtin_cpu_supports("avx512cd") && __builtin_cpu_supports("avx512dq") &&
                      __builtin_cpu_supports("avx512vl");
  if (has_v4 && __builtin_cpu_supports("avx512vbmi")) add("x86-64-v4-vbmi");
  if (has_v4) add("x86-64-v4");
  if (has_v3) add("x86-64-v3");
  add("x86-64");
#elif defined(__aarch64__)
  add("armv8-a");
#else
  add("native");
#endif
  return sets;
}

/** Where the elements of a typed array begin. */
uint8_t* StartOf(const Napi::TypedArray& array) {
  return static_cast<uint8_t*>(array.ArrayBuffer().Data()) + array.ByteOffset();
}

Napi::Value AddressOf(const Napi::CallbackInfo& info) {
  const auto start = reinterpret_cast<uintptr_t>(StartOf(info[0].As<Napi::TypedArray>()));
  return Napi::BigInt::New(info.Env(), static_cast<uint64_t>(start));
}

/** Asks for large pages where a typed array lies. It is only advice: a system may have none, or none to spare. */
void AdviseLargePages([[maybe_unused]] const Napi::CallbackInfo& info) {
#if defined(MADV_HUGEPAGE)
  const Napi::TypedArray array = info[0].As<Napi::TypedArray>();
  const auto page = static_cast<uintptr_t>(sysconf(_SC_PAGESIZE));
  const auto start = reinterpret_cast<uintptr_t>(StartOf(array));
  const uintptr_t first = (start + page - 1) / page * page;
  const uintptr_t end = (start + array.ByteLength()) / page * page;
  if (first < end) madvise(reinterpret_cast<void*>(first), end - first, MADV_HUGEPAGE);
#endif
}

/** The library of a file; it stays loaded. */
Napi::Value OpenLibrary(const Napi::CallbackInfo& info) {
  const std::string path = info[0].As<Napi::String>();
  void* library = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) throw Napi::Error::New(info.Env(), dlerror());
  return Napi::External<void>::New(info.Env(), library);
}

/** The text of a constant of a library; undefined where it has none. */
Napi::Value TextOf(const Napi::CallbackInfo& info) {
  void* library = info[0].As<Napi::External<void>>().Data();
  const std::string name = info[1].As<Napi::String>();
  const void* text = dlsym(library, name.c_str());
  if (text == nullptr) return info.Env().Undefined();
  return Napi::String::New(info.Env(), static_cast<const char*>(text));
}

Napi::Value FindKernel(const Napi::CallbackInfo& info) {
  void* library = info[0].As<Napi::External<void>>().Data();
  const std::string name = info[1].As<Napi::String>();
  void* kernel = dlsym(library, name.c_str());
  if (kernel == nullptr) throw Napi::Error::New(info.Env(), dlerror());
  return Napi::External<void>::New(info.Env(), kernel);
}

Napi::Value CreatePool(const Napi::CallbackInfo& info) {
  auto* pool = new ThreadPool(info[0].As<Napi::Number>());
  return Napi::External<ThreadPool>::New(info.Env(), pool, [](Napi::Env, ThreadPool* unused) { delete unused; });
}

/** One pass: pool, kernel, uniforms, chunks, tensors. */
void Run(const Napi::CallbackInfo& info) {
  ThreadPool* pool = info[0].As<Napi::External<ThreadPool>>().Data();
  auto* kernel = reinterpret_cast<Kernel*>(info[1].As<Napi::External<void>>().Data());
  const uint32_t* uniforms = info[2].As<Napi::Uint32Array>().Data();
  const Napi::Uint32Array chunks = info[3].As<Napi::Uint32Array>();
  const uint64_t* tensors = info[4].As<Napi::BigUint64Array>().Data();
  const uint32_t* pairs = chunks.Data();
  pool->Run(chunks.ElementLength() / 2, [=](uint64_t first, uint64_t last) {
    kernel(uniforms, pairs, first, last, tensors);
  });
}

/** Bytes from one array to another of the same length, on all threads of a pool: pool, to, from. */
void Copy(const Napi::CallbackInfo& info) {
  // Of long copies, memcpy has variants that are slower on some processors.
  constexpr uint64_t kPiece = 65536;
  ThreadPool* pool = info[0].As<Napi::External<ThreadPool>>().Data();
  const Napi::TypedArray target = info[1].As<Napi::TypedArray>();
  const Napi::TypedArray source = info[2].As<Napi::TypedArray>();
  uint8_t* to = StartOf(target);
  const uint8_t* from = StartOf(source);
  const uint64_t bytes = source.ByteLength();
  pool->Run((bytes + kPiece - 1) / kPiece, [=](uint64_t first, uint64_t last) {
    for (uint64_t start = first * kPiece; start < std::min(last * kPiece, bytes); start += kPiece)
      std::memcpy(to + start, from + start, std::min(kPiece, bytes - start));
  });
}

}  // namespace

Napi::Object MakeCpu(Napi::Env env) {
  Napi::Object cpu = Napi::Object::New(env);
  cpu["hardwareThreads"] = Napi::Number::New(env, std::max(1u, std::thread::hardware_concurrency()));
  cpu["instructionSets"] = InstructionSets(env);
  cpu["addressOf"] = Napi::Function::New(env, AddressOf);
  cpu["adviseLargePages"] = Napi::Function::New(env, AdviseLargePages);
  cpu["openLibrary"] = Napi::Function::New(env, OpenLibrary);
  cpu["textOf"] = Napi::Function::New(env, TextOf);
  cpu["findKernel"] = Napi::Function::New(env, FindKernel);
  cpu["createPool"] = Napi::Function::New(env, CreatePool);
  cpu["run"] = Napi::Function::New(env, Run);
  cpu["copy"] = Napi::Function::New(env, Copy);
  return cpu;
}

}  // namespace lowbit
