/** Encoders written out over plain arrays, in double precision, after the papers: what the network is compared with. */
import { checkpointTensors } from '../../../src/models/checkpoint/load.ts';
import type { Model } from '../../../src/models/model.ts';
import type { NestedNumbers } from '../../../src/torch/index.ts';

export type Vector = number[];
export type Matrix = number[][];

/** A model's weights by their keys in a checkpoint. */
export interface Weights {
  vector: (key: string) => Vector;
  matrix: (key: string) => Matrix;
  keys: string[];
}

export function weightsOf(model: Model): Weights {
  const arrays = new Map<string, NestedNumbers>();
  for (const [key, tensor] of checkpointTensors(model)) arrays.set(key, tensor.toArray() as NestedNumbers);
  const found = (key: string): NestedNumbers => {
    if (!arrays.has(key)) throw new Error(`no tensor ${key}; there are ${[...arrays.keys()].join(', ')}`);
    return arrays.get(key)!;
  };
  return { vector: key => found(key) as Vector, matrix: key => found(key) as Matrix, keys: [...arrays.keys()] };
}

export const dot = (a: Vector, b: Vector): number => a.reduce((sum, x, i) => sum + x * b[i], 0);
export const add = (...vectors: Vector[]): Vector => vectors[0].map((_, i) => vectors.reduce((s, v) => s + v[i], 0));

/** `key.weight` and, where there is one, `key.bias`. */
export const linear = (w: Weights, key: string, x: Vector): Vector =>
  w
    .matrix(`${key}.weight`)
    .map((row, i) => dot(row, x) + (w.keys.includes(`${key}.bias`) ? w.vector(`${key}.bias`)[i] : 0));

export function layerNorm(w: Weights, key: string, x: Vector, eps = 1e-12): Vector {
  const mean = x.reduce((a, b) => a + b) / x.length;
  const variance = x.reduce((sum, value) => sum + (value - mean) ** 2, 0) / x.length;
  const [scale, shift] = [w.vector(`${key}.weight`), w.vector(`${key}.bias`)];
  return x.map((value, i) => ((value - mean) / Math.sqrt(variance + eps)) * scale[i] + shift[i]);
}

export function softmax(x: Vector): Vector {
  const top = Math.max(...x);
  const powers = x.map(value => Math.exp(value - top));
  const sum = powers.reduce((a, b) => a + b);
  return powers.map(value => value / sum);
}

/** By its Taylor series, which is exact enough for the small arguments here. */
function erf(x: number): number {
  let [sum, term] = [x, x];
  for (let n = 1; n < 120; n++) {
    term *= (-x * x) / n;
    sum += term / (2 * n + 1);
  }
  return (2 / Math.sqrt(Math.PI)) * sum;
}

export const gelu = (x: number): number => (x / 2) * (1 + (Math.abs(x) > 5 ? Math.sign(x) : erf(x / Math.SQRT2)));
export const geluTanh = (x: number): number =>
  (x / 2) * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3)));

/** Keys of a layer's parts. */
export interface LayerKeys {
  query: string;
  key: string;
  value: string;
  output: string;
  attentionNorm: string;
  input: string;
  outerOutput: string;
  outputNorm: string;
}

interface LayerOptions {
  heads: number;
  /** Which keys are seen. */
  mask?: Vector;
  /** How often a query counts a key; default once. */
  times?: (query: number, key: number) => number;
  /** Attention of another kind. */
  attend?: (w: Weights, keys: LayerKeys, x: Matrix, options: LayerOptions) => Matrix;
  activation?: (x: number) => number;
  eps?: number;
}

/** Attention of every position to all others: [time][hidden] → [time][hidden] */
export function attention(
  w: Weights,
  keys: LayerKeys,
  x: Matrix,
  { heads, mask, times = () => 1 }: LayerOptions,
): Matrix {
  const [q, k, v] = [keys.query, keys.key, keys.value].map(key => x.map(row => linear(w, key, row)));
  const dim = q[0].length / heads;
  return x.map((_, t) => {
    const context: Vector = [];
    for (let head = 0; head < heads; head++) {
      const part = (row: Vector): Vector => row.slice(head * dim, (head + 1) * dim);
      const scores = k.map((row, s) =>
        mask?.[s] === 0 || times(t, s) === 0
          ? -1e30
          : dot(part(q[t]), part(row)) / Math.sqrt(dim) + Math.log(times(t, s)),
      );
      const weights = softmax(scores);
      for (let i = 0; i < dim; i++)
        context.push(
          dot(
            weights,
            v.map(row => part(row)[i]),
          ),
        );
    }
    return linear(w, keys.output, context);
  });
}

const feedForward = (w: Weights, keys: LayerKeys, x: Vector, { activation = gelu }: LayerOptions): Vector =>
  linear(w, keys.outerOutput, linear(w, keys.input, x).map(activation));

/** A block whose norms stand after the residual sums (BERT). */
export function postNormLayer(w: Weights, keys: LayerKeys, x: Matrix, options: LayerOptions): Matrix {
  const attended = (options.attend ?? attention)(w, keys, x, options).map((row, t) =>
    layerNorm(w, keys.attentionNorm, add(x[t], row), options.eps),
  );
  return attended.map(row => layerNorm(w, keys.outputNorm, add(row, feedForward(w, keys, row, options)), options.eps));
}

/** A block whose norms stand before its parts (ViT). */
export function preNormLayer(w: Weights, keys: LayerKeys, x: Matrix, options: LayerOptions): Matrix {
  const normed = x.map(row => layerNorm(w, keys.attentionNorm, row, options.eps));
  const attended = attention(w, keys, normed, options).map((row, t) => add(x[t], row));
  return attended.map(row => add(row, feedForward(w, keys, layerNorm(w, keys.outputNorm, row, options.eps), options)));
}

/** Keys of layer `index` of BERT, and of what kept its names. */
export const bertLayerKeys = (prefix: string, index: number): LayerKeys => {
  const layer = `${prefix}encoder.layer.${index}.`;
  return {
    query: `${layer}attention.self.query`,
    key: `${layer}attention.self.key`,
    value: `${layer}attention.self.value`,
    output: `${layer}attention.output.dense`,
    attentionNorm: `${layer}attention.output.LayerNorm`,
    input: `${layer}intermediate.dense`,
    outerOutput: `${layer}output.dense`,
    outputNorm: `${layer}output.LayerNorm`,
  };
};

/** BERT's hidden states of one text: [time][hidden] */
export function bertStates(
  w: Weights,
  prefix: string,
  ids: Vector,
  {
    heads,
    layers,
    mask,
    types = ids.map(() => 0),
    positions = ids.map((_, t) => t),
    ...options
  }: LayerOptions & { layers: number; types?: Vector; positions?: Vector },
): Matrix {
  const table = (name: string): Matrix => w.matrix(`${prefix}embeddings.${name}_embeddings.weight`);
  const [words, places, segments] = [table('word'), table('position'), table('token_type')];
  let x = ids.map((id, t) =>
    layerNorm(w, `${prefix}embeddings.LayerNorm`, add(words[id], places[positions[t]], segments[types[t]])),
  );
  for (let i = 0; i < layers; i++) {
    x = postNormLayer(w, bertLayerKeys(prefix, i), x, { heads, mask, ...options });
  }
  return x;
}

/** −log of the probability of a class. */
export const crossEntropy = (logits: Vector, label: number): number => -Math.log(softmax(logits)[label]);

export const mean = (values: Vector): number => values.reduce((a, b) => a + b, 0) / values.length;
