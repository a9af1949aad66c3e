#include "driver.h"

#include <dlfcn.h>

#include <map>
#include <memory>
#include <mutex>

namespace lowbit::cuda {
namespace {

template <typename Function>
void Load(void* library, const char* symbol, int version, Function& function) {
  function = reinterpret_cast<Function>(dlsym(library, symbol));
  if (function == nullptr) throw Failure("no-symbol", symbol, "", version);
}

std::unique_ptr<Driver> LoadDriver(const std::string& name) {
  void* library = dlopen(name.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) {
    const char* reason = dlerror();
    throw Failure("no-library", name, reason == nullptr ? "" : reason, 0);
  }
  auto driver = std::make_unique<Driver>();
  // First, so that a driver too old to have the rest can be named with its version.
  Load(library, "cuDriverGetVersion", 0, driver->DriverGetVersion);
  if (driver->DriverGetVersion(&driver->version) != kSuccess) driver->version = 0;
#define LOWBIT_CUDA_LOAD(name, symbol, parameters) Load(library, symbol, driver->version, driver->name);
  LOWBIT_CUDA_FUNCTIONS(LOWBIT_CUDA_LOAD)
#undef LOWBIT_CUDA_LOAD
  return driver;
}

}  // namespace

const Driver& OpenDriver(const std::string& library) {
  static std::mutex mutex;
  static std::map<std::string, std::unique_ptr<Driver>> drivers;
  const std::lock_guard lock(mutex);
  auto& driver = drivers[library];
  if (driver == nullptr) driver = LoadDriver(library);
  return *driver;
}

void Check(const Driver& driver, Status status, const char* call) {
  if (status == kSuccess) return;
  const char* name = nullptr;
  const char* text = nullptr;
  driver.GetErrorName(status, &name);
  driver.GetErrorString(status, &text);
  throw Failure(name == nullptr ? "CUDA error " + std::to_string(status) : name, call, text == nullptr ? "" : text,
                driver.version);
}

}  // namespace lowbit::cuda
