import { LowbitOptimizer, type Codec, type Device, type OptimizerDescriptor, type OptimizerOptions, type ParameterInput } from "lowbit-gen/runtime";
/** Hyperparameters of 4-bit AdamW, dynamic-exponent first moment, linear second moment, blocks of 128. */
export interface AdamW4bitBlockHypers {
    /** Learning rate: parameter units a step. Default 0.001. */
    lr: number;
    /** Decay of the first moment a step, in [0, 1). Default 0.9. */
    beta1: number;
    /** Decay of the second moment a step, in [0, 1). Default 0.999. */
    beta2: number;
    /** Added to the denominator. Default 1e-8. */
    eps: number;
    /** Weight decay. Default 0.01. */
    weight_decay: number;
}
/** What the runtime knows of this package. */
export declare const descriptor: OptimizerDescriptor;
/**
 * 4-bit AdamW, dynamic-exponent first moment, linear second moment, blocks of 128.
 *
 *     m = beta1*m + (1 - beta1)*g
 *     v = beta2*v + (1 - beta2)*g*g
 *     p = p - lr*weight_decay*p
 *     p = p - lr * (m/(1 - beta1^t)) / (sqrt(v/(1 - beta2^t)) + eps)
 *
 * States, one value an element, which start at zero:
 * - `m`: 4 bits, signed dynamic, one scale a block of 128. Tensors of fewer than 4096 elements keep it in float32.
 * - `v`: 4 bits, unsigned linear without zero, one scale a block of 128. Tensors of fewer than 4096 elements keep it in float32.
 *
 * Optimizer memory: 1.063 bytes a parameter.
 *
 * @see https://arxiv.org/abs/2309.01507
 */
export declare class AdamW4bitBlock extends LowbitOptimizer<keyof AdamW4bitBlockHypers> {
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
    constructor(device: Device, params: Readonly<Record<string, ParameterInput>>, options?: OptimizerOptions<keyof AdamW4bitBlockHypers>);
}
