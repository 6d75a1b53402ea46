/** Attention of one sequence to another over plain arrays, and the Transformer of BART and Marian written out with it. */
import { add, dot, layerNorm, linear, type Matrix, softmax, type Vector, type Weights } from './naive.ts';

interface AttendOptions {
  heads: number;
  /** Default 1 / √width of a head. */
  scale?: number;
  /** Which keys are seen. */
  mask?: Vector;
  /** A query sees the keys up to its own position. */
  causal?: boolean;
  bias?: (head: number, query: number, key: number) => number;
}

/** [queries][width], [keys][width], [keys][width] → [queries][width] */
export function attend(q: Matrix, k: Matrix, v: Matrix, { heads, scale, mask, causal, bias }: AttendOptions): Matrix {
  const dim = q[0].length / heads;
  const factor = scale ?? 1 / Math.sqrt(dim);
  const part = (row: Vector, head: number): Vector => row.slice(head * dim, (head + 1) * dim);
  return q.map((query, t) =>
    Array.from({ length: heads }, (_, head) => {
      const scores = k.map((key, s) =>
        mask?.[s] === 0 || (causal && s > t)
          ? -1e30
          : dot(part(query, head), part(key, head)) * factor + (bias?.(head, t, s) ?? 0),
      );
      const weights = softmax(scores);
      return Array.from({ length: dim }, (_, i) =>
        dot(
          weights,
          v.map(row => part(row, head)[i]),
        ),
      );
    }).flat(),
  );
}

/** Attention under BART's names. */
const projected = (w: Weights, key: string, x: Matrix, memory: Matrix, options: AttendOptions): Matrix => {
  const [q, k, v] = ['q', 'k', 'v'].map((name, i) =>
    (i === 0 ? x : memory).map(row => linear(w, `${key}.${name}_proj`, row)),
  );
  return attend(q, k, v, options).map(row => linear(w, `${key}.out_proj`, row));
};

interface ClassicOptions {
  layers: number;
  heads: number;
  activation: (x: number) => number;
  /** Vectors of the tokens as they enter. */
  embed: (ids: Vector) => Matrix;
}

const EPS = 1e-5;

function feedForward(w: Weights, layer: string, x: Matrix, { activation }: ClassicOptions): Matrix {
  return x.map(row => {
    const inner = linear(w, `${layer}.fc1`, row).map(activation);
    return layerNorm(w, `${layer}.final_layer_norm`, add(row, linear(w, `${layer}.fc2`, inner)), EPS);
  });
}

const afterSum = (w: Weights, key: string, x: Matrix, y: Matrix): Matrix =>
  x.map((row, t) => layerNorm(w, key, add(row, y[t]), EPS));

/** An encoder's states of one text: [time][hidden] */
export function classicEncode(w: Weights, prefix: string, ids: Vector, mask: Vector, options: ClassicOptions): Matrix {
  let x = options.embed(ids);
  for (let i = 0; i < options.layers; i++) {
    const layer = `${prefix}encoder.layers.${i}`;
    const y = projected(w, `${layer}.self_attn`, x, x, { heads: options.heads, mask });
    x = feedForward(w, layer, afterSum(w, `${layer}.self_attn_layer_norm`, x, y), options);
  }
  return x;
}

/** A decoder's states of one text that attends to another's. */
export function classicDecode(
  w: Weights,
  prefix: string,
  ids: Vector,
  { memory, mask }: { memory: Matrix; mask: Vector },
  options: ClassicOptions,
): Matrix {
  const { heads } = options;
  let x = options.embed(ids);
  for (let i = 0; i < options.layers; i++) {
    const layer = `${prefix}decoder.layers.${i}`;
    const y = projected(w, `${layer}.self_attn`, x, x, { heads, causal: true });
    x = afterSum(w, `${layer}.self_attn_layer_norm`, x, y);
    const z = projected(w, `${layer}.encoder_attn`, x, memory, { heads, mask });
    x = afterSum(w, `${layer}.encoder_attn_layer_norm`, x, z);
    x = feedForward(w, layer, x, options);
  }
  return x;
}
