import type { Device, LowbitOptimizer } from "lowbit-gen/runtime";
import { AdamW3bit } from "../../generated/adamw-3bit/index.js";
import { AdamW4bitBlock } from "../../generated/adamw-4bit-block/index.js";
import { AdamW8bit } from "../../generated/adamw-8bit/index.js";
import { AdamW32bit } from "../../generated/adamw-32bit/index.js";

type Parameters = Readonly<Record<string, Float32Array>>;

/** Makes a generated optimizer with the hyperparameters of its spec. */
export type CreateOptimizer = (device: Device, parameters: Parameters) => LowbitOptimizer<"lr">;

/** What is compared, by the name of the spec. */
export const optimizers: Readonly<Record<string, CreateOptimizer>> = {
  "adamw-32bit": (device, parameters) => new AdamW32bit(device, parameters),
  "adamw-8bit": (device, parameters) => new AdamW8bit(device, parameters),
  "adamw-4bit-block": (device, parameters) => new AdamW4bitBlock(device, parameters),
  "adamw-3bit": (device, parameters) => new AdamW3bit(device, parameters),
};
