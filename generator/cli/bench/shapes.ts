/** The tensors that steps are measured on. */

export interface Tensor {
  readonly name: string;
  readonly shape: readonly number[];
}

/** Of tensors, how many times fewer parameters there are than in the model. */
type Shapes = (shrink: number) => readonly Tensor[];

/**
 * `gpt2`: the 148 tensors of GPT-2 124 M. `llama`: 57 tensors of 6 layers as wide as Llama 7 B's, with embeddings, 1.48 G.
 * `small`: 2,000 tensors of 128 x 128. `one`: a tensor of 268 M, square, so that it has rows and columns.
 */
export const shapes = {
  gpt2: (shrink) => withFewerRows(gpt2(), shrink),
  llama: (shrink) => withFewerRows(llama(), shrink),
  small: (shrink) => numbered(Math.ceil(2000 / shrink), () => [["weight", 128, 128]]),
  one: (shrink) => withFewerRows([{ name: "weight", shape: [16_384, 16_384] }], shrink),
} as const satisfies Readonly<Record<string, Shapes>>;

export type ShapesName = keyof typeof shapes;

export const shapesNames = Object.keys(shapes) as ShapesName[];

type Row = readonly [name: string, ...shape: number[]];

const tensorOf = ([name, ...shape]: Row): Tensor => ({ name, shape });

function numbered(count: number, rows: (index: number) => readonly Row[]): Tensor[] {
  return Array.from({ length: count }, (_, index) =>
    rows(index).map(([name, ...shape]) => tensorOf([`${index}.${name}`, ...shape])),
  ).flat();
}

/** A matrix is what an optimizer spends its time on; vectors stay as they are. */
function withFewerRows(tensors: readonly Tensor[], shrink: number): Tensor[] {
  return tensors.map(({ name, shape: [rows = 1, ...rest] }) => ({
    name,
    shape: rest.length === 0 ? [rows] : [Math.ceil(rows / shrink), ...rest],
  }));
}

function gpt2(): Tensor[] {
  const width = 768;
  const layers = numbered(12, () => [
    ["ln_1.weight", width],
    ["ln_1.bias", width],
    ["attn.c_attn.weight", width, 3 * width],
    ["attn.c_attn.bias", 3 * width],
    ["attn.c_proj.weight", width, width],
    ["attn.c_proj.bias", width],
    ["ln_2.weight", width],
    ["ln_2.bias", width],
    ["mlp.c_fc.weight", width, 4 * width],
    ["mlp.c_fc.bias", 4 * width],
    ["mlp.c_proj.weight", 4 * width, width],
    ["mlp.c_proj.bias", width],
  ]);
  const rest: Row[] = [
    ["wte.weight", 50_257, width],
    ["wpe.weight", 1024, width],
    ["ln_f.weight", width],
    ["ln_f.bias", width],
  ];
  return [...layers, ...rest.map(tensorOf)];
}

function llama(): Tensor[] {
  const [width, inner, words] = [4096, 11_008, 32_000];
  const layers = numbered(6, () => [
    ["input_layernorm.weight", width],
    ["q_proj.weight", width, width],
    ["k_proj.weight", width, width],
    ["v_proj.weight", width, width],
    ["o_proj.weight", width, width],
    ["post_attention_layernorm.weight", width],
    ["gate_proj.weight", inner, width],
    ["up_proj.weight", inner, width],
    ["down_proj.weight", width, inner],
  ]);
  const rest: Row[] = [
    ["embed_tokens.weight", words, width],
    ["norm.weight", width],
    ["lm_head.weight", words, width],
  ];
  return [...layers, ...rest.map(tensorOf)];
}
