import type { HostKernel } from "lowbit-gen/runtime";
export declare const kernels: Readonly<Record<string, HostKernel>>;
