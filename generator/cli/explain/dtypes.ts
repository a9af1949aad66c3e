import { describeParameter, dtypeNames } from "../../build/index.js";
import type { Kernel } from "../../ir/types.js";
import { bitsOfDtype, correctionBits } from "../../lower/dtypes.js";
import type { DtypePlan, PassPlan, Plan } from "../../lower/plan.js";
import { bytes, columns } from "../text.js";

/** What parameters and gradients are kept as, and what they take; nothing where they are float32 alone. */
export function dtypeLines({ dtypes, parameter, streams }: Plan): string[] {
  if (dtypes.every(({ param, grad }) => param === "f32" && grad === "f32")) return [];
  const rows = dtypes.map(({ param, grad }) => {
    const rest = correctionBits(param, parameter);
    const kept = rest === 0 ? "" : ` and ${bytes(rest)} of the correction`;
    return [
      `p ${describeParameter(param, parameter)}`,
      `g ${dtypeNames[grad]}`,
      `${bytes(bitsOfDtype(param))} bytes of p${kept}, ${bytes(bitsOfDtype(grad))} of g`,
    ];
  });
  const stream = streams.find(({ state }) => state === "p");
  return [
    ...columns(rows),
    ...(stream === undefined ? [] : [`p is rounded with random stream ${stream.index}`]),
  ];
}

/** Bytes a parameter that a pass reads and writes, with p and g in these dtypes. */
export function passBytes(
  pass: PassPlan,
  { param, grad, suffix }: DtypePlan,
  { parameter }: Plan,
  kernels: readonly Kernel[],
): { readonly read: number; readonly written: number } {
  const kernel = kernels.find(({ name }) => name === `${pass.kernel}${suffix}`);
  const inputs =
    (kernel !== undefined && "terms" in kernel ? kernel.terms : kernel?.update)?.inputs.map(
      ({ name }) => name,
    ) ?? [];
  // The plan counts float32.
  const ofP = (bitsOfDtype(param) + correctionBits(param, parameter)) / 8 - 4;
  const ofG = bitsOfDtype(grad) / 8 - 4;
  const read = pass.bytesRead + (inputs.includes("p") ? ofP : 0) + (inputs.includes("g") ? ofG : 0);
  return { read, written: pass.bytesWritten + (pass.kind === "step" ? ofP : 0) };
}
