#pragma once

#include <napi.h>

#include <memory>
#include <string>

#include "resources.h"

/** Between JavaScript and what lives on a device: an External holds one share of a handle. */
namespace lowbit::cuda {

/** An Error with the fields of the failure: name (as `failure`), subject, detail, version. */
inline Napi::Error ToError(Napi::Env env, const Failure& failure) {
  Napi::Error error = Napi::Error::New(env, failure.subject + ": " + failure.name);
  Napi::Object value = error.Value();
  value["failure"] = Napi::String::New(env, failure.name);
  value["subject"] = Napi::String::New(env, failure.subject);
  value["detail"] = Napi::String::New(env, failure.detail);
  value["version"] = Napi::Number::New(env, failure.version);
  return error;
}

/** Tells the collector that a handle holds so many bytes more, or none any more. */
inline void Account(Napi::BasicEnv env, Resource& resource, int64_t bytes) {
  Napi::MemoryManagement::AdjustExternalMemory(env, bytes - resource.accounted);
  resource.accounted = bytes;
}

inline Napi::Value Wrap(Napi::Env env, std::shared_ptr<Handle> handle) {
  auto share = std::make_unique<std::shared_ptr<Handle>>(std::move(handle));
  const auto collect = [](Napi::BasicEnv basic, std::shared_ptr<Handle>* held) {
    if (auto* resource = dynamic_cast<Resource*>(held->get())) Account(basic, *resource, 0);
    delete held;
  };
  return Napi::External<std::shared_ptr<Handle>>::New(env, share.release(), collect);
}

/** Throws a TypeError where a value is no handle of this kind. */
template <typename T>
std::shared_ptr<T> Unwrap(const Napi::Value& value) {
  std::shared_ptr<T> found;
  if (value.IsExternal())
    found = std::dynamic_pointer_cast<T>(*value.As<Napi::External<std::shared_ptr<Handle>>>().Data());
  if (found == nullptr) throw Napi::TypeError::New(value.Env(), "not a handle of the kind that the call needs");
  return found;
}

inline Napi::BigInt ToBigInt(Napi::Env env, DevicePointer pointer) {
  return Napi::BigInt::New(env, static_cast<uint64_t>(pointer));
}

inline DevicePointer ToPointer(const Napi::Value& value) {
  bool is_lossless = false;
  const uint64_t pointer = value.As<Napi::BigInt>().Uint64Value(&is_lossless);
  if (!is_lossless) throw Napi::RangeError::New(value.Env(), "an address has 64 bits and no sign");
  return pointer;
}

inline size_t ToSize(const Napi::Value& value) {
  const double size = value.As<Napi::Number>().DoubleValue();
  if (!(size >= 0 && size <= 9007199254740991.0)) throw Napi::RangeError::New(value.Env(), "not a number of bytes");
  return static_cast<size_t>(size);
}

/** `Guard<Allocate>`: the same, with a failure thrown as a JavaScript Error. */
template <Napi::Value (*Call)(const Napi::CallbackInfo&)>
Napi::Value Guard(const Napi::CallbackInfo& info) {
  try {
    return Call(info);
  } catch (const Failure& failure) {
    throw ToError(info.Env(), failure);
  }
}

}  // namespace lowbit::cuda
