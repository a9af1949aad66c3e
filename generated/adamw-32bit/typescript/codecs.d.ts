/** How each packed state is stored; values to codes and scales and back. */
export declare const codecs: {};
