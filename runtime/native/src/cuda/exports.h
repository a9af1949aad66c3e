#pragma once

#include <napi.h>

namespace lowbit::cuda {

/** What runtime/native/cuda.ts declares as `NativeCuda`: of contexts, memory and modules; of streams. */
void ExportContexts(Napi::Env env, Napi::Object cuda);
void ExportStreams(Napi::Env env, Napi::Object cuda);
void ExportTransfers(Napi::Env env, Napi::Object cuda);

inline Napi::Object MakeCuda(Napi::Env env) {
  Napi::Object cuda = Napi::Object::New(env);
  ExportContexts(env, cuda);
  ExportStreams(env, cuda);
  ExportTransfers(env, cuda);
  return cuda;
}

}  // namespace lowbit::cuda
