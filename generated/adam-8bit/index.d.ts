import { LowbitOptimizer, type Codec, type Device, type OptimizerDescriptor, type OptimizerOptions, type ParameterInput } from "lowbit-gen/runtime";
/** Hyperparameters of 8-bit Adam, dynamic-exponent states, blocks of 256. */
export interface Adam8bitHypers {
    /** Learning rate: parameter units a step. Default 0.001. */
    lr: number;
    /** Decay of the first moment a step, in [0, 1). Default 0.9. */
    beta1: number;
    /** Decay of the second moment a step, in [0, 1). Default 0.999. */
    beta2: number;
    /** Added to the denominator. Default 1e-8. */
    eps: number;
    /** Weight decay. Default 0. */
    weight_decay: number;
}
/** What the runtime knows of this package. */
export declare const descriptor: OptimizerDescriptor;
/**
 * 8-bit Adam, dynamic-exponent states, blocks of 256.
 *
 *     d = g + weight_decay*p
 *     m = beta1*m + (1 - beta1)*d
 *     v = beta2*v + (1 - beta2)*d*d
 *     p = p - lr * (m/(1 - beta1^t)) / (sqrt(v/(1 - beta2^t)) + eps)
 *
 * States, one value an element, which start at zero:
 * - `m`: 8 bits, signed dynamic, one scale a block of 256. Tensors of fewer than 4096 elements keep it in float32.
 * - `v`: 8 bits, unsigned dynamic, one scale a block of 256. Tensors of fewer than 4096 elements keep it in float32.
 *
 * Optimizer memory: 2.031 bytes a parameter.
 *
 * @see https://arxiv.org/abs/2110.02861
 */
export declare class Adam8bit extends LowbitOptimizer<keyof Adam8bitHypers> {
    static readonly descriptor: OptimizerDescriptor;
    /** How each packed state is stored: float32 values to codes and scales, and back. */
    static readonly codecs: {
        readonly m: Codec;
        readonly v: Codec;
    };
    /**
     * Takes the device, the parameters by name (float32, any shape) and what differs from the defaults.
     * @throws {LowbitError} for a wrong parameter, option or device; nothing is allocated then
     */
    constructor(device: Device, params: Readonly<Record<string, ParameterInput>>, options?: OptimizerOptions<keyof Adam8bitHypers>);
}
