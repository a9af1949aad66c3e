import type { Codec } from "lowbit-gen/runtime";
/** How each packed state is stored; values to codes and scales and back. */
export declare const codecs: {
    readonly m: Codec;
    readonly v: Codec;
};
