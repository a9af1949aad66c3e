#pragma once

#include <napi.h>

namespace lowbit {

/** What runtime/native/cpu.ts declares as `NativeCpu`. */
Napi::Object MakeCpu(Napi::Env env);

}  // namespace lowbit
