#include "cpu.h"

#include <thread>

namespace lowbit {

Napi::Object MakeCpu(Napi::Env env) {
  Napi::Object cpu = Napi::Object::New(env);
  cpu["hardwareThreads"] = Napi::Number::New(env, std::thread::hardware_concurrency());
  return cpu;
}

}  // namespace lowbit
