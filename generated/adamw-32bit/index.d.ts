import { LowbitOptimizer, type Device, type OptimizerDescriptor, type OptimizerOptions, type ParameterInput } from "lowbit-gen/runtime";
/** Hyperparameters of AdamW with float32 states. */
export interface AdamW32bitHypers {
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
 * AdamW with float32 states.
 *
 *     m = beta1*m + (1 - beta1)*g
 *     v = beta2*v + (1 - beta2)*g*g
 *     p = p - lr*weight_decay*p
 *     p = p - lr * (m/(1 - beta1^t)) / (sqrt(v/(1 - beta2^t)) + eps)
 *
 * States, one value an element, which start at zero:
 * - `m`: float32.
 * - `v`: float32.
 *
 * Optimizer memory: 8.000 bytes a parameter.
 *
 * @see https://arxiv.org/abs/1711.05101
 */
export declare class AdamW32bit extends LowbitOptimizer<keyof AdamW32bitHypers> {
    static readonly descriptor: OptimizerDescriptor;
    /** How each packed state is stored: float32 values to codes and scales, and back. */
    static readonly codecs: {};
    /**
     * Takes the device, the parameters by name (float32, any shape) and what differs from the defaults.
     * @throws {LowbitError} for a wrong parameter, option or device; nothing is allocated then
     */
    constructor(device: Device, params: Readonly<Record<string, ParameterInput>>, options?: OptimizerOptions<keyof AdamW32bitHypers>);
}
