/** Decoders written out over plain arrays, in double precision, after the papers: what the network is compared with. */
import { add, dot, geluTanh, layerNorm, linear, type Matrix, softmax, type Vector, type Weights } from './naive.ts';

/** Root mean square normalisation; Gemma's weight is stored less one. */
function rmsNorm(w: Weights, key: string, x: Vector, { eps, gemma }: { eps: number; gemma?: boolean }): Vector {
  const root = Math.sqrt(dot(x, x) / x.length + eps);
  const weight = w.vector(`${key}.weight`);
  return x.map((value, i) => (value / root) * (weight[i] + (gemma ? 1 : 0)));
}

const silu = (x: number): number => x / (1 + Math.exp(-x));

/** Turns the pairs (i, i + pairs) by position · frequency. */
function turn(x: Vector, position: number, frequencies: Vector, factor: number): Vector {
  const pairs = frequencies.length;
  return x.map((value, i) => {
    if (i >= 2 * pairs) return value;
    const angle = position * frequencies[i % pairs];
    const other = i < pairs ? -x[i + pairs] : x[i - pairs];
    return factor * (value * Math.cos(angle) + other * Math.sin(angle));
  });
}

interface Scores {
  heads: number;
  kvHeads: number;
  scale: number;
  /** Whether query `t` sees key `s`. */
  sees: (t: number, s: number) => boolean;
  /** Added to a score. */
  bias?: (head: number, t: number, s: number) => number;
  softcap?: number;
}

/** Queries, keys and values, split by heads: [time][head][dim] → [time][heads · dim] */
function attend(q: Matrix[], k: Matrix[], v: Matrix[], options: Scores): Matrix {
  const { heads, kvHeads, scale, sees, bias = () => 0, softcap } = options;
  return q.map((queries, t) => {
    const context: Vector = [];
    for (let head = 0; head < heads; head++) {
      const group = Math.floor(head / (heads / kvHeads));
      const seen = k.map((_, s) => s).filter(s => s <= t && sees(t, s));
      const scores = seen.map(s => {
        const score = dot(queries[head], k[s][group]) * scale;
        return (softcap === undefined ? score : softcap * Math.tanh(score / softcap)) + bias(head, t, s);
      });
      const weights = softmax(scores);
      const sum = add(...seen.map((s, i) => v[s][group].map(value => value * weights[i])));
      context.push(...sum);
    }
    return context;
  });
}

const split = (x: Vector, dim: number): Matrix =>
  Array.from({ length: x.length / dim }, (_, head) => x.slice(head * dim, (head + 1) * dim));

export interface RotarySpec {
  layers: number;
  heads: number;
  kvHeads: number;
  headDim: number;
  /** Angle a position of each pair, by layer. */
  frequencies: (layer: number) => Vector;
  attentionFactor?: number;
  eps?: number;
  activation?: (x: number) => number;
  window?: (layer: number) => number;
  /** Gemma: norms around each part, scaled word vectors. */
  gemma?: boolean;
  qkNorm?: boolean;
  scale?: number;
  softcap?: number;
  finalSoftcap?: number;
  /** Phi-3 holds several matrices as one. */
  fused?: boolean;
  /** 0 for padding */
  mask?: Vector;
  /** Default: 0, 1, 2, … */
  positions?: Vector;
}

/** Llama and its descendants: logits [time][vocab] of one text. */
export function naiveRotaryDecoder(w: Weights, ids: readonly number[], spec: RotarySpec): Matrix {
  const { heads, kvHeads, headDim, gemma = false, eps = 1e-6, activation = silu, mask, positions } = spec;
  const norm = (key: string, x: Vector): Vector => rmsNorm(w, key, x, { eps, gemma });
  const table = w.matrix('model.embed_tokens.weight');
  const hidden = table[0].length;
  let x = ids.map(id => table[id].map(value => value * (gemma ? Math.sqrt(hidden) : 1)));
  for (let layer = 0; layer < spec.layers; layer++) {
    const at = `model.layers.${layer}`;
    const project = (row: Vector): [Vector, Vector, Vector] => {
      if (!spec.fused) {
        return ['q', 'k', 'v'].map(name => linear(w, `${at}.self_attn.${name}_proj`, row)) as [Vector, Vector, Vector];
      }
      const all = linear(w, `${at}.self_attn.qkv_proj`, row);
      const [keysAt, valuesAt] = [heads * headDim, (heads + kvHeads) * headDim];
      return [all.slice(0, keysAt), all.slice(keysAt, valuesAt), all.slice(valuesAt)];
    };
    const rotated = (parts: Vector, t: number, which: string): Matrix =>
      split(parts, headDim).map(head => {
        const normed = spec.qkNorm ? norm(`${at}.self_attn.${which}_norm`, head) : head;
        return turn(normed, positions?.[t] ?? t, spec.frequencies(layer), spec.attentionFactor ?? 1);
      });
    const projected = x.map(row => project(norm(`${at}.input_layernorm`, row)));
    const window = spec.window?.(layer) ?? Number.POSITIVE_INFINITY;
    const context = attend(
      projected.map(([q], t) => rotated(q, t, 'q')),
      projected.map(([, k], t) => rotated(k, t, 'k')),
      projected.map(([, , v]) => split(v, headDim)),
      {
        heads,
        kvHeads,
        scale: spec.scale ?? 1 / Math.sqrt(headDim),
        softcap: spec.softcap,
        sees: (t, s) => t - s < window && mask?.[s] !== 0,
      },
    );
    const attended = context.map(row => linear(w, `${at}.self_attn.o_proj`, row));
    x = x.map((row, t) => add(row, gemma ? norm(`${at}.post_attention_layernorm`, attended[t]) : attended[t]));
    x = x.map(row => {
      const y = norm(`${at}.${gemma ? 'pre_feedforward' : 'post_attention'}_layernorm`, row);
      const both = spec.fused ? linear(w, `${at}.mlp.gate_up_proj`, y) : [];
      const gate = spec.fused ? both.slice(0, both.length / 2) : linear(w, `${at}.mlp.gate_proj`, y);
      const up = spec.fused ? both.slice(both.length / 2) : linear(w, `${at}.mlp.up_proj`, y);
      const inside = up.map((value, i) => value * activation(gate[i]));
      const out = linear(w, `${at}.mlp.down_proj`, inside);
      return add(row, gemma ? norm(`${at}.post_feedforward_layernorm`, out) : out);
    });
  }
  const output = w.keys.includes('lm_head.weight') ? w.matrix('lm_head.weight') : table;
  return x.map(row => {
    const last = norm('model.norm', row);
    const cap = spec.finalSoftcap;
    return output
      .map(vector => dot(vector, last))
      .map(logit => (cap === undefined ? logit : cap * Math.tanh(logit / cap)));
  });
}

export interface BloomSpec {
  layers: number;
  heads: number;
  /** Rate of each head's penalty for distance. */
  slopes: Vector;
  residualAfterNorm?: boolean;
  mask?: Vector;
}

/** BLOOM: logits [time][vocab] of one text. */
export function naiveBloom(w: Weights, ids: readonly number[], spec: BloomSpec): Matrix {
  const { heads, slopes, residualAfterNorm, mask } = spec;
  const norm = (key: string, x: Vector): Vector => layerNorm(w, key, x, 1e-5);
  const table = w.matrix('transformer.word_embeddings.weight');
  let x = ids.map(id => norm('transformer.word_embeddings_layernorm', table[id]));
  const headDim = x[0].length / heads;
  for (let layer = 0; layer < spec.layers; layer++) {
    const at = `transformer.h.${layer}`;
    const normed = x.map(row => norm(`${at}.input_layernorm`, row));
    // The three of a head stand together: [head][query, key, value][dim].
    const all = normed.map(row => split(linear(w, `${at}.self_attention.query_key_value`, row), headDim));
    const part = (which: number): Matrix[] => all.map(row => row.filter((_, i) => i % 3 === which));
    const context = attend(part(0), part(1), part(2), {
      heads,
      kvHeads: heads,
      scale: 1 / Math.sqrt(headDim),
      bias: (head, t, s) => -slopes[head] * (t - s),
      sees: (_, s) => mask?.[s] !== 0,
    });
    x = context.map((row, t) =>
      add(residualAfterNorm ? normed[t] : x[t], linear(w, `${at}.self_attention.dense`, row)),
    );
    x = x.map(row => {
      const y = norm(`${at}.post_attention_layernorm`, row);
      const inside = linear(w, `${at}.mlp.dense_h_to_4h`, y).map(geluTanh);
      return add(residualAfterNorm ? y : row, linear(w, `${at}.mlp.dense_4h_to_h`, inside));
    });
  }
  return x.map(row => {
    const last = norm('transformer.ln_f', row);
    return table.map(vector => dot(vector, last));
  });
}
