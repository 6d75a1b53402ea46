/**
 * A conditional random field over the labels of a sequence (Lafferty et al. 2001; Lample et al. 2016, arXiv:1603.01360, 2.2): beside the
 * score of each label at its place one for each label after another, at the beginning and at the end. It lies in a folder of its
 * own beside the model's weights: without it the folder is that of the plain model.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { emptyParameter, initZeros, Module, type Parameter } from '../nn/index.ts';
import { UserError } from '../support/errors.ts';
import { makeFolder } from '../support/files.ts';
import {
  int64Tensor,
  loadSafetensors,
  noGrad,
  saveSafetensors,
  scope,
  type Tensor,
  tensor,
  where,
} from '../torch/index.ts';
import { labelCount } from './config/keys.ts';
import type { Model } from './model.ts';

/** The folder below that of the model, and the file in it. */
export const CRF_FOLDER = 'crf';
const FILE = 'crf.safetensors';

/** Scores that do not depend on the text. */
export interface Transitions {
  /** Of each label as the first one, and as the last one. */
  start: readonly number[];
  end: readonly number[];
  /** transitions[a][b]: of b after a */
  transitions: readonly (readonly number[])[];
}

export class Crf extends Module {
  /** [labels] */
  readonly start: Parameter;
  readonly end: Parameter;
  /** [labels, labels]: of the second after the first */
  readonly transitions: Parameter;

  /** All is equally likely at first. */
  constructor(labels: number) {
    super();
    this.start = emptyParameter([labels]);
    this.end = emptyParameter([labels]);
    this.transitions = emptyParameter([labels, labels]);
    for (const parameter of this.parameters()) initZeros(parameter);
  }

  /**
   * The sum of −log p of sequences of labels, by the forward algorithm.
   *
   * @param scores float32 [n, labels]: of the places of all sequences, one after another
   * @param tags of each sequence the numbers of its labels, one at least
   * @returns a scalar
   */
  loss(scores: Tensor, tags: readonly (readonly number[])[]): Tensor {
    return scope(() => {
      const labels = scores.size(1);
      const time = Math.max(...tags.map(({ length }) => length));
      let first = 0;
      const places = tags.flatMap(row => {
        const begin = first;
        first += row.length;
        return Array.from({ length: time }, (_, t) => (t < row.length ? begin + t : begin));
      });
      const int64 = (values: readonly number[]): Tensor =>
        int64Tensor(values, [values.length], { device: scores.device });
      const laid = scores.indexSelect(0, int64(places)).view([tags.length, time, labels]);

      const own = scores.gather(1, int64(tags.flat()).unsqueeze(1)).sum();
      const pairs = tags.flatMap(row => row.slice(1).map((tag, t) => row[t] * labels + tag));
      const ends = this.start
        .indexSelect(0, int64(tags.map(row => row[0])))
        .add(this.end.indexSelect(0, int64(tags.map(row => row.at(-1)!))))
        .sum();
      const links = pairs.length > 0 ? this.transitions.flatten().indexSelect(0, int64(pairs)).sum() : undefined;

      let alpha = this.start.add(laid.select(1, 0));
      for (let t = 1; t < time; t++) {
        const next = alpha.unsqueeze(2).add(this.transitions).logsumexp(1).add(laid.select(1, t));
        const goesOn = tensor(
          tags.map(row => [t < row.length]),
          { dtype: 'bool', device: scores.device },
        );
        alpha = where(goesOn, next, alpha);
      }
      const all = alpha.add(this.end).logsumexp(1).sum();
      return all.sub(links ? own.add(ends).add(links) : own.add(ends));
    });
  }

  values(): Transitions {
    const list = (parameter: Parameter): number[] => Array.from(parameter.detach().toNumbers() as ArrayLike<number>);
    return {
      start: list(this.start),
      end: list(this.end),
      transitions: this.transitions.detach().toArray() as number[][],
    };
  }

  /** Begins with what is known. */
  take({ start, end, transitions }: Transitions): void {
    scope(() =>
      noGrad(() => {
        this.start.copy_(tensor([...start]));
        this.end.copy_(tensor([...end]));
        this.transitions.copy_(tensor(transitions.map(row => [...row])));
      }),
    );
  }

  keyOf(path: string): { key: string; transpose: boolean } {
    return { key: path, transpose: false };
  }

  save(folder: string): void {
    makeFolder(folder);
    scope(() =>
      saveSafetensors(
        join(folder, FILE),
        new Map(Array.from(this.namedParameters(), ([path, parameter]) => [path, parameter.detach()] as const)),
      ),
    );
  }

  /** @throws UserError when the file is of other labels */
  load(folder: string): this {
    const path = join(folder, FILE);
    scope(() =>
      noGrad(() => {
        const tensors = loadSafetensors(path);
        for (const [name, parameter] of this.namedParameters()) {
          const stored = tensors.get(name);
          if (stored?.shape.join() !== parameter.shape.join()) {
            throw new UserError('TSLM_SHAPE_MISMATCH', `${path}: '${name}' is not of ${this.start.size(0)} labels`, {
              hint: 'it belongs to the model that it was trained with, whose folder it lies in',
            });
          }
          parameter.copy_(stored);
        }
      }),
    );
    return this;
  }
}

const known = new WeakMap<Model, Transitions>();

/** What comes with the model of a folder: scores of labels after each other; undefined where labels are chosen one by one. */
export const transitionsOf = (model: Model): Transitions | undefined => known.get(model);

/** Takes them from a folder, where it has such. */
export function loadTransitions(folder: string, model: Model): void {
  if (model.task !== 'tokenClassification' || !existsSync(join(folder, CRF_FOLDER, FILE))) return;
  const crf = new Crf(labelCount(model.config));
  try {
    known.set(model, crf.load(join(folder, CRF_FOLDER)).values());
  } finally {
    crf.dispose();
  }
}

/** Writes what came with the model, where something did. */
export function saveTransitions(folder: string, model: Model): void {
  const transitions = transitionsOf(model);
  if (!transitions) return;
  using crf = new Crf(transitions.start.length);
  crf.take(transitions);
  crf.save(join(folder, CRF_FOLDER));
}

/**
 * The most probable labels of a sequence (Viterbi 1967).
 *
 * @param scores of each place those of its labels
 */
export function viterbi(scores: readonly (readonly number[])[], { start, end, transitions }: Transitions): number[] {
  if (scores.length === 0) return [];
  let best = scores[0].map((score, label) => score + start[label]);
  const back: number[][] = [];
  for (const row of scores.slice(1)) {
    const from = row.map((_, label) => argmaxOf(best.map((score, before) => score + transitions[before][label])));
    best = row.map((score, label) => score + best[from[label]] + transitions[from[label]][label]);
    back.push(from);
  }
  const path = [argmaxOf(best.map((score, label) => score + end[label]))];
  for (const from of back.reverse()) path.unshift(from[path[0]]);
  return path;
}

/** The label of each place: one by one, or with a model that has transitions those of the best sequence. */
export function bestLabels(scores: readonly (readonly number[])[], model: Model): number[] {
  const transitions = transitionsOf(model);
  return transitions ? viterbi(scores, transitions) : scores.map(argmaxOf);
}

/** The probability of each label at each place, by the forward–backward algorithm. */
export function marginals(
  scores: readonly (readonly number[])[],
  { start, end, transitions }: Transitions,
): number[][] {
  if (scores.length === 0) return [];
  const labels = [...start.keys()];
  const forward = [scores[0].map((score, label) => score + start[label])];
  for (const row of scores.slice(1)) {
    const before = forward.at(-1)!;
    forward.push(row.map((score, b) => score + logSumExp(labels.map(a => before[a] + transitions[a][b]))));
  }
  const backward = [[...end]];
  for (const row of scores.slice(1).reverse()) {
    const after = backward[0];
    backward.unshift(labels.map(a => logSumExp(labels.map(b => transitions[a][b] + row[b] + after[b]))));
  }
  const all = logSumExp(forward.at(-1)!.map((score, label) => score + end[label]));
  return forward.map((row, t) => row.map((score, label) => Math.exp(score + backward[t][label] - all)));
}

const argmaxOf = (values: readonly number[]): number =>
  values.reduce((best, value, i) => (value > values[best] ? i : best), 0);

function logSumExp(values: readonly number[]): number {
  const most = Math.max(...values);
  return most + Math.log(values.reduce((sum, value) => sum + Math.exp(value - most), 0));
}
