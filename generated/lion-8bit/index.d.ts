import { LowbitOptimizer, type Codec, type Device, type OptimizerDescriptor, type OptimizerOptions, type ParameterInput } from "lowbit-gen/runtime";
/** Hyperparameters of 8-bit Lion, dynamic-exponent momentum, blocks of 256. */
export interface Lion8bitHypers {
    /** Learning rate: parameter units a step. Default 0.0001. */
    lr: number;
    /** Decay of the first moment a step, in [0, 1). Default 0.9. */
    beta1: number;
    /** Decay of the second moment a step, in [0, 1). Default 0.99. */
    beta2: number;
    /** Weight decay. Default 0.01. */
    weight_decay: number;
}
/** What the runtime knows of this package. */
export declare const descriptor: OptimizerDescriptor;
/**
 * 8-bit Lion, dynamic-exponent momentum, blocks of 256.
 *
 *     p = p - lr*weight_decay*p
 *     c = beta1*m + (1 - beta1)*g
 *     p = p - lr*sign(c)
 *     m = beta2*m + (1 - beta2)*g
 *
 * States, one value an element, which start at zero:
 * - `m`: 8 bits, signed dynamic, one scale a block of 256. Tensors of fewer than 4096 elements keep it in float32.
 *
 * Optimizer memory: 1.016 bytes a parameter.
 *
 * @see https://arxiv.org/abs/2302.06675
 */
export declare class Lion8bit extends LowbitOptimizer<keyof Lion8bitHypers> {
    static readonly descriptor: OptimizerDescriptor;
    /** How each packed state is stored: float32 values to codes and scales, and back. */
    static readonly codecs: {
        readonly m: Codec;
    };
    /**
     * Takes the device, the parameters by name (float32, any shape) and what differs from the defaults.
     * @throws {LowbitError} for a wrong parameter, option or device; nothing is allocated then
     */
    constructor(device: Device, params: Readonly<Record<string, ParameterInput>>, options?: OptimizerOptions<keyof Lion8bitHypers>);
}
