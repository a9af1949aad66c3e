import { maximum, treeSum } from "./combine.js";
import { Evaluation } from "./evaluate.js";
import { countOf, extentOf, type Geometry, geometryOf, placeIn } from "./geometry.js";
import { OperandAccess } from "./operand-access.js";
import { arrayNamed, type ExecutionTensor, StateAccess } from "./state-access.js";
import type {
  ElementKernel,
  FoldKernel,
  Kernel,
  KernelShape,
  Reduction,
  SweepKernel,
  VectorInput,
} from "./types.js";

export type { ExecutionTensor } from "./state-access.js";

/** Runs a kernel over one tensor, one place after the other: the definition of a pass. */
export function execute(
  kernel: Kernel,
  tensor: ExecutionTensor,
  uniforms: Readonly<Record<string, number>>,
): void {
  const evaluation = new Evaluation(kernel.tables, uniforms);
  const geometry = geometryOf(tensor.shape);
  if (kernel.kind === "fold") executeFold(kernel, tensor, geometry, evaluation);
  else if (kernel.kind === "sweep") executeSweep(kernel, tensor, geometry, evaluation);
  else executeElements(kernel, tensor, geometry, evaluation);
}

function executeElements(
  kernel: ElementKernel,
  tensor: ExecutionTensor,
  geometry: Geometry,
  evaluation: Evaluation,
): void {
  const states = kernel.states.map((state) => new StateAccess(state, kernel, tensor, geometry, evaluation));
  const update = evaluation.compile(kernel.update);
  const parameter = new OperandAccess(kernel.parameter, kernel, tensor, evaluation);
  const gradient = new OperandAccess(kernel.gradient, kernel, tensor, evaluation);
  const readVectors = vectorReader(kernel.vectors, "element", tensor, geometry, evaluation);

  for (let element = 0; element < geometry.length; element++) {
    readVectors(element);
    for (const state of states) state.decode(element);
    parameter.decode(element);
    gradient.decode(element);
    update();
    parameter.encode(element);
    for (const state of states) state.measure(element);
  }

  if (kernel.kind === "measure") {
    for (const state of states) state.publish();
    return;
  }
  parameter.write();
  for (const state of states) state.write();
}

function executeSweep(
  kernel: SweepKernel,
  tensor: ExecutionTensor,
  geometry: Geometry,
  evaluation: Evaluation,
): void {
  const states = kernel.states.map((state) => new StateAccess(state, kernel, tensor, geometry, evaluation));
  const operands = [kernel.parameter, kernel.gradient].map(
    (operand) => new OperandAccess(operand, kernel, tensor, evaluation),
  );
  const compute = evaluation.compile(kernel.terms);
  const readVectors = vectorReader(kernel.vectors, "element", tensor, geometry, evaluation);
  const terms = kernel.reductions.map(() => new Float32Array(geometry.length));
  for (let element = 0; element < geometry.length; element++) {
    readVectors(element);
    for (const state of states) state.decode(element);
    for (const operand of operands) operand.decode(element);
    compute();
    for (const [index, values] of terms.entries())
      values[element] = evaluation.cell((kernel.reductions[index] as Reduction).term).value;
  }
  for (const [index, { shape, array, combine }] of kernel.reductions.entries()) {
    const values = terms[index] as Float32Array;
    const extent = { shape, per: 1, cut: kernel.cut };
    arrayNamed(tensor, array).set(
      Array.from({ length: extentOf(extent, geometry) }, (_, part) => {
        const own = Array.from(
          elementsOf(part, shape, kernel.cut, geometry),
          (place) => values[place] as number,
        );
        return combine === "sum" ? treeSum(own) : maximum(own);
      }),
    );
  }
}

/** The elements of one part of a row or a column. */
export function* elementsOf(
  part: number,
  shape: "row" | "col",
  cut: number,
  { rows, cols }: Geometry,
): Generator<number> {
  if (shape === "row") {
    const parts = Math.ceil(cols / cut);
    const [row, first] = [Math.floor(part / parts), (part % parts) * cut];
    for (let col = first; col < Math.min(first + cut, cols); col++) yield row * cols + col;
    return;
  }
  const parts = Math.ceil(rows / cut);
  const [matrix, first] = [Math.floor(part / (parts * cols)), (Math.floor(part / cols) % parts) * cut];
  for (let row = first; row < Math.min(first + cut, rows); row++)
    yield (matrix * rows + row) * cols + (part % cols);
}

function executeFold(
  kernel: FoldKernel,
  tensor: ExecutionTensor,
  geometry: Geometry,
  evaluation: Evaluation,
): void {
  const { from, to, terms, reductions, count, finish, stores } = kernel;
  const states = kernel.states.map((state) => new StateAccess(state, kernel, tensor, geometry, evaluation));
  const compute = evaluation.compile(terms);
  const conclude = evaluation.compile(finish);
  const operands = (isAtElements(from) ? [kernel.parameter, kernel.gradient] : []).map(
    (operand) => new OperandAccess(operand, kernel, tensor, evaluation),
  );
  const readVectors = vectorReader(kernel.vectors, from.shape, tensor, geometry, evaluation);
  const readEntryVectors = vectorReader(kernel.entryVectors, to.shape, tensor, geometry, evaluation);
  const number = countOf(count.of, geometry) / countOf(count.per, geometry);
  const found = stores.map(({ array }) => ({ array, values: new Float32Array(extentOf(to, geometry)) }));

  for (let entry = 0; entry < extentOf(to, geometry); entry++) {
    const collected = reductions.map((): number[] => []);
    for (const place of reductions.length === 0 ? [] : termsOf(entry, { from, to }, geometry)) {
      readVectors(place);
      for (const state of states) state.decode(place);
      for (const operand of operands) operand.decode(place);
      compute();
      for (const [index, { term }] of reductions.entries())
        collected[index]?.push(evaluation.cell(term).value);
    }
    for (const [index, { result, combine }] of reductions.entries()) {
      const own = collected[index] ?? [];
      evaluation.cell(result).value = combine === "sum" ? treeSum(own) : maximum(own);
    }
    evaluation.cell(count.variable).value = Math.fround(number);
    readEntryVectors(entry);
    conclude();
    for (const [index, { variable }] of stores.entries()) {
      const { values } = found[index] as (typeof found)[number];
      values[entry] = evaluation.cell(variable).value;
    }
  }
  for (const { array, values } of found) arrayNamed(tensor, array).set(values);
}

/** Whether a fold reads elements, and not what an earlier pass left of them. */
export function isAtElements({ shape, per }: FoldKernel["from"]): boolean {
  return shape === "element" && per === 1;
}

/** The places that an entry stands for, in their order. */
export function* termsOf(
  entry: number,
  { from, to }: Pick<FoldKernel, "from" | "to">,
  geometry: Geometry,
): Generator<number> {
  const { rows, cols } = geometry;
  if (from.cut !== undefined && from.shape === "col") {
    const parts = Math.ceil(rows / from.cut);
    const first = Math.floor(entry / cols) * parts * cols + (entry % cols);
    for (let part = 0; part < parts; part++) yield first + part * cols;
    return;
  }
  const total = extentOf(from, geometry);
  const size = to.per > 1 ? to.per / from.per : Math.ceil(total / extentOf(to, geometry));
  for (let place = entry * size; place < Math.min((entry + 1) * size, total); place++) yield place;
}

function vectorReader(
  vectors: readonly VectorInput[],
  at: KernelShape,
  tensor: ExecutionTensor,
  geometry: Geometry,
  evaluation: Evaluation,
): (place: number) => void {
  const inputs = vectors.map(({ variable, array, shape }) => ({
    cell: evaluation.cell(variable),
    values: arrayNamed(tensor, array),
    shape: shape === "term" ? at : shape,
  }));
  return (place) => {
    for (const { cell, values, shape } of inputs)
      cell.value = values[placeIn(shape, at, place, geometry)] as number;
  };
}
