#include <napi.h>

#include "abi.h"
#include "cpu.h"
#include "cuda/exports.h"

namespace {

/** What runtime/native/addon.ts declares as `NativeAddon`. A C++ exception becomes a JavaScript Error. */
Napi::Object Init(Napi::Env env, Napi::Object exports) {
  exports["abi"] = Napi::Number::New(env, LOWBIT_ABI);
  exports["cpu"] = lowbit::MakeCpu(env);
  exports["cuda"] = lowbit::cuda::MakeCuda(env);
  return exports;
}

}  // namespace

NODE_API_MODULE(lowbit, Init)
