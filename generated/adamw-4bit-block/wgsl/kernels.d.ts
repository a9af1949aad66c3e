import type { WebGpuKernel } from "lowbit-gen/runtime";
export declare const kernels: Readonly<Record<string, WebGpuKernel>>;
