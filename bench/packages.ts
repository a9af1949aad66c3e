import type { Device, LowbitOptimizer, ParameterInput } from "lowbit-gen/runtime";
import { Adam8bit } from "../generated/adam-8bit/index.js";
import { AdamW3bit } from "../generated/adamw-3bit/index.js";
import { AdamW4bitBlock } from "../generated/adamw-4bit-block/index.js";
import { AdamW8bit } from "../generated/adamw-8bit/index.js";
import { AdamW32bit } from "../generated/adamw-32bit/index.js";
import { Lion8bit } from "../generated/lion-8bit/index.js";
import { SGDM8bit } from "../generated/sgdm-8bit/index.js";

export type CreateOptimizer = (
  device: Device,
  params: Readonly<Record<string, ParameterInput>>,
) => LowbitOptimizer<"lr">;

/** Every committed package, by the name of its spec. */
export const packages: Readonly<Record<string, CreateOptimizer>> = {
  "adamw-32bit": (device, params) => new AdamW32bit(device, params),
  "adamw-8bit": (device, params) => new AdamW8bit(device, params),
  "adamw-4bit-block": (device, params) => new AdamW4bitBlock(device, params),
  "adamw-3bit": (device, params) => new AdamW3bit(device, params),
  "adam-8bit": (device, params) => new Adam8bit(device, params),
  "lion-8bit": (device, params) => new Lion8bit(device, params),
  "sgdm-8bit": (device, params) => new SGDM8bit(device, params),
};
