/** What generated packages and their users import as `lowbit-gen/runtime`. */

export type { HostDataOf } from "./arrays.js";
export { CpuDevice, type CpuOptions } from "./cpu/device.js";
export { CudaArray } from "./cuda/array.js";
export { CudaDevice, type CudaOptions } from "./cuda/device.js";
export type * from "./descriptor.js";
export type {
  ArrayRequest,
  Device,
  DeviceArray,
  DeviceKind,
  HostData,
  Launcher,
  LaunchGroup,
  LaunchTensor,
  Role,
} from "./device.js";
export { LowbitError } from "./errors.js";
export type { Gradient, Gradients } from "./gradients.js";
export type { GroupOptions } from "./groups.js";
export { type HalfValues, type ParameterValues, toFloat32, toHalf } from "./half.js";
export { tensorId } from "./names.js";
export { type OpenOptions, openDevice } from "./open.js";
export {
  type Hypers,
  LowbitOptimizer,
  type OptimizerOptions,
  type ParameterGroup,
  type StepHypers,
} from "./optimizer.js";
export type { Parameter, ParameterInput } from "./parameters.js";
export { type StreamKey, streamKey } from "./random.js";
export {
  type DType,
  readSafetensors,
  type SafeTensor,
  SafetensorsError,
  type SafetensorsFile,
  type TensorData,
  writeSafetensors,
} from "./safetensors.js";
export { TypeScriptDevice } from "./typescript/device.js";
export { WebGpuArray } from "./webgpu/array.js";
export { WebGpuDevice, type WebGpuOptions } from "./webgpu/device.js";
export { openWebGpuDevice } from "./webgpu/open.js";
