#include <cstring>
#include <vector>

#include "exports.h"
#include "handles.h"

namespace lowbit::cuda {
namespace {

Napi::Value Open(const Napi::CallbackInfo& info) {
  const Driver& driver = OpenDriver(info[0].As<Napi::String>().Utf8Value());
  return Wrap(info.Env(), std::make_shared<Context>(driver, info[1].As<Napi::Number>().Int32Value()));
}

Napi::Value Describe(const Napi::CallbackInfo& info) {
  const auto context = Unwrap<Context>(info[0]);
  const Driver& driver = context->driver();
  const auto attribute = [&](int which) {
    int value = 0;
    CUDA(driver, DeviceGetAttribute, &value, which, context->device());
    return Napi::Number::New(info.Env(), value);
  };
  char name[256] = {};
  size_t bytes = 0;
  CUDA(driver, DeviceGetName, name, sizeof name - 1, context->device());
  CUDA(driver, DeviceTotalMem, &bytes, context->device());
  Napi::Object facts = Napi::Object::New(info.Env());
  facts["name"] = Napi::String::New(info.Env(), name);
  facts["major"] = attribute(attribute::kMajor);
  facts["minor"] = attribute(attribute::kMinor);
  facts["multiprocessors"] = attribute(attribute::kMultiprocessors);
  facts["bytes"] = Napi::Number::New(info.Env(), static_cast<double>(bytes));
  facts["driverVersion"] = Napi::Number::New(info.Env(), driver.version);
  return facts;
}

Napi::Value Close(const Napi::CallbackInfo& info) {
  Unwrap<Context>(info[0])->Close();
  return info.Env().Undefined();
}

Napi::Value FreeBytes(const Napi::CallbackInfo& info) {
  const auto context = Unwrap<Context>(info[0]);
  const Context::Scope scope(*context);
  size_t free = 0;
  size_t total = 0;
  CUDA(context->driver(), MemGetInfo, &free, &total);
  return Napi::Number::New(info.Env(), static_cast<double>(free));
}

Napi::Value Allocate(const Napi::CallbackInfo& info) {
  const size_t bytes = ToSize(info[1]);
  const auto memory = std::make_shared<Memory>(Unwrap<Context>(info[0]), bytes);
  const Napi::Value handle = Wrap(info.Env(), memory);
  Account(info.Env(), *memory, static_cast<int64_t>(bytes));
  return handle;
}

Napi::Value Address(const Napi::CallbackInfo& info) {
  const auto memory = Unwrap<Memory>(info[0]);
  memory->context();
  return ToBigInt(info.Env(), memory->pointer());
}

Napi::Value Free(const Napi::CallbackInfo& info) {
  const auto resource = Unwrap<Resource>(info[0]);
  resource->Free();
  Account(info.Env(), *resource, 0);
  return info.Env().Undefined();
}

Napi::Value DescribePointer(const Napi::CallbackInfo& info) {
  const auto context = Unwrap<Context>(info[0]);
  const Driver& driver = context->driver();
  const Context::Scope scope(*context);
  const DevicePointer pointer = ToPointer(info[1]);
  unsigned type = 0;
  int ordinal = 0;
  DevicePointer start = 0;
  size_t bytes = 0;
  CUDA(driver, PointerGetAttribute, &type, attribute::kPointerMemoryType, pointer);
  CUDA(driver, PointerGetAttribute, &ordinal, attribute::kPointerDeviceOrdinal, pointer);
  CUDA(driver, PointerGetAttribute, &start, attribute::kPointerRangeStart, pointer);
  CUDA(driver, PointerGetAttribute, &bytes, attribute::kPointerRangeSize, pointer);
  Napi::Object facts = Napi::Object::New(info.Env());
  facts["isDevice"] = Napi::Boolean::New(info.Env(), type == kMemoryTypeDevice);
  facts["isHere"] = Napi::Boolean::New(info.Env(), ordinal == context->device());
  facts["ordinal"] = Napi::Number::New(info.Env(), ordinal);
  facts["bytesBehind"] = Napi::Number::New(info.Env(), static_cast<double>(start + bytes - pointer));
  return facts;
}

/** The driver is told where a fatbin begins and not where it ends: it must be whole, and on 8 bytes. */
std::vector<uint64_t> CopyFatbin(const Napi::Uint8Array& image) {
  struct Header {
    uint32_t magic;
    uint16_t version;
    uint16_t header_bytes;
    uint64_t bytes;
  } header = {};
  const size_t length = image.ByteLength();
  if (length >= sizeof header) std::memcpy(&header, image.Data(), sizeof header);
  const bool is_whole = header.magic == 0xba55ed50 && header.header_bytes <= length &&
                        header.bytes <= length - header.header_bytes;
  if (!is_whole) throw Failure("no-fatbin", "", "", 0);
  std::vector<uint64_t> words((length + 7) / 8);
  std::memcpy(words.data(), image.Data(), length);
  return words;
}

Napi::Value LoadModule(const Napi::CallbackInfo& info) {
  const std::vector<uint64_t> image = CopyFatbin(info[1].As<Napi::Uint8Array>());
  return Wrap(info.Env(), std::make_shared<Module>(Unwrap<Context>(info[0]), image.data()));
}

Napi::Value FindKernel(const Napi::CallbackInfo& info) {
  const std::string name = info[1].As<Napi::String>();
  return Wrap(info.Env(), std::make_shared<Kernel>(Unwrap<Module>(info[0]), name.c_str()));
}

Napi::Value DescribeKernel(const Napi::CallbackInfo& info) {
  const auto kernel = Unwrap<Kernel>(info[0]);
  const auto number = [&](int value) { return Napi::Number::New(info.Env(), value); };
  Napi::Object facts = Napi::Object::New(info.Env());
  facts["registers"] = number(kernel->Attribute(attribute::kFunctionRegisters));
  facts["sharedBytes"] = number(kernel->Attribute(attribute::kFunctionSharedBytes));
  facts["localBytes"] = number(kernel->Attribute(attribute::kFunctionLocalBytes));
  facts["maxThreads"] = number(kernel->Attribute(attribute::kFunctionMaxThreads));
  facts["blocksPerMultiprocessor"] = number(kernel->Occupancy(info[1].As<Napi::Number>().Int32Value()));
  return facts;
}

}  // namespace

void ExportContexts(Napi::Env env, Napi::Object cuda) {
  cuda["open"] = Napi::Function::New<Guard<Open>>(env);
  cuda["describe"] = Napi::Function::New<Guard<Describe>>(env);
  cuda["close"] = Napi::Function::New<Guard<Close>>(env);
  cuda["freeBytes"] = Napi::Function::New<Guard<FreeBytes>>(env);
  cuda["allocate"] = Napi::Function::New<Guard<Allocate>>(env);
  cuda["address"] = Napi::Function::New<Guard<Address>>(env);
  cuda["free"] = Napi::Function::New<Guard<Free>>(env);
  cuda["describePointer"] = Napi::Function::New<Guard<DescribePointer>>(env);
  cuda["loadModule"] = Napi::Function::New<Guard<LoadModule>>(env);
  cuda["findKernel"] = Napi::Function::New<Guard<FindKernel>>(env);
  cuda["describeKernel"] = Napi::Function::New<Guard<DescribeKernel>>(env);
}

}  // namespace lowbit::cuda
