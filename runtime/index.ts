/** What generated packages and their users import as `lowbit-gen/runtime`. */
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
export type { Gradients } from "./gradients.js";
export { tensorId } from "./names.js";
export { type OpenOptions, openDevice } from "./open.js";
export { type Hypers, LowbitOptimizer, type OptimizerOptions } from "./optimizer.js";
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
