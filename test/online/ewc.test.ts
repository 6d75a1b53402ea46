/** Elastic weight consolidation: the penalty to the last digit, the Fisher information beside what it means, and what it keeps. */
import { cpSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Rows } from '../../src/data/rows/rows.ts';
import { createAdapter } from '../../src/models/adapters/index.ts';
import { adapterOptions, peftConfig } from '../../src/models/adapters/options.ts';
import { loadCompleteModel, saveModel } from '../../src/models/auto.ts';
import type { Model } from '../../src/models/model.ts';
import { instruction } from '../../src/objectives/instruction.ts';
import { lossOf } from '../../src/online/gate/score.ts';
import { learn } from '../../src/online/learn.ts';
import { lessonsOf } from '../../src/online/lessons/lessons.ts';
import { readSettings } from '../../src/online/settings.ts';
import { openStore } from '../../src/online/store/store.ts';
import { anchorsOf, disposeAnchors, elasticPenalty, withAnchors } from '../../src/online/update/ewc.ts';
import { updateAdapter } from '../../src/online/update/update.ts';
import { openWorkbench } from '../../src/online/update/workbench.ts';
import { Tokenizer } from '../../src/tokenizers/tokenizer.ts';
import { backward, inferenceMode, noGrad, scope, type Tensor } from '../../src/torch/index.ts';
import { adapterOnly } from '../../src/train/adapter-trainable.ts';
import { datasetOf, trainModel } from '../../src/train/train.ts';
import { tinyModelFolder } from '../helpers/server.ts';
import { scratchFolder } from '../support/scratch.ts';
import { simulate, writeReplay, writeSettings } from './helpers.ts';

const scratch = scratchFolder();
const path = tinyModelFolder(join(scratch, 'tiny'));
const tokenizer = Tokenizer.fromFile(path);

/** An adapter on the tiny model, and text from before. */
function trained() {
  const model = loadCompleteModel(path);
  const options = adapterOptions.parse({ method: 'lora', r: 2, alpha: 2, rslora: false });
  const trainable = adapterOnly(createAdapter(model, peftConfig(options, path), { seed: 3 }));
  const objective = instruction({ tokenizer, context: 64, model });
  const examples = ['so it was', 'and the sea ran on', 'the sea'].map(text =>
    objective.example({ text }, undefined as never),
  );
  return { trainable, objective, examples };
}

const numbers = (tensor: Tensor): number[] => Array.from(scope(() => tensor.flatten().toNumbers()));

describe('the penalty', () => {
  it('is ½ λ Σ F (θ − θ*)², and its gradient λ F (θ − θ*)', () => {
    const { trainable, objective, examples } = trained();
    const anchors = anchorsOf(trainable, objective, examples);
    const parameters = trainable.namedParameters();
    expect(scope(() => elasticPenalty(trainable, anchors).item())).toBe(0);
    scope(() => noGrad(() => parameters.forEach(([, p], i) => void p.add_(0.01 * (i + 1)))));
    const expected = parameters.map(([name, p]) => {
      const { mean, fisher } = anchors.get(name)!;
      const [now, then, weight] = [p, mean, fisher].map(numbers);
      return now.map((value, i) => ({ weight: weight[i], gap: value - then[i] }));
    });
    const sum = expected.flat().reduce((total, { weight, gap }) => total + weight * gap ** 2, 0);
    expect(sum).toBeGreaterThan(0);
    const lambda = 7;
    const one = withAnchors(objective, trainable, anchors, lambda);
    scope(() => {
      const batch = one.batch(examples, trainable.model.device);
      const means = trainable.run(() => one.means(trainable.model, batch));
      expect(one.counts(batch)).toMatchObject({ ewc: 1 });
      expect(means.ewc.item()).toBeCloseTo(sum, 8);
      expect(one.weights).toEqual({ words: 1, ewc: lambda / 2 });
      trainable.zeroGrad();
      backward(means.ewc.mul(one.weights.ewc));
      for (const [i, [, { grad }]] of parameters.entries()) {
        const found = numbers(grad!);
        for (const [j, { weight, gap }] of expected[i].entries()) {
          expect(Math.abs(found[j] - lambda * weight * gap)).toBeLessThan(1e-7 + 1e-4 * Math.abs(found[j]));
        }
      }
    });
    disposeAnchors(anchors);
    trainable.dispose();
  });

  it('has weights that are what a change of theirs does to the distribution', () => {
    const { trainable, objective, examples } = trained();
    const many = Array.from({ length: 240 }, (_, i) => examples[i % examples.length]);
    const [first, anchors] = [1, 2000].map(seed => anchorsOf(trainable, objective, many, { seed }));
    // Chosen by other draws than those that it is measured by: the largest of several is too large.
    const [name, parameter, at] = trainable
      .namedParameters()
      .map(([key, one]) => {
        const values = numbers(first.get(key)!.fisher);
        const most = Math.max(...values);
        return { key, one, most, at: values.indexOf(most) };
      })
      .sort((a, b) => b.most - a.most)
      .map(({ key, one, at: place }) => [key, one, place] as const)[0];
    const fisher = numbers(anchors.get(name)!.fisher)[at];
    /** Log-probabilities of all words at every place that counts. */
    const distributions = (): number[][] =>
      examples.flatMap(example =>
        scope(() =>
          inferenceMode(() =>
            trainable.run(() => {
              const ids = objective.batch([example], 'cpu').inputIds;
              const logs = trainable.model.forward({ inputIds: ids }).logits!.select(0, 0).logSoftmax(-1);
              return Array.from({ length: ids.size(1) - 1 }, (_, t) => numbers(logs.select(0, t)));
            }),
          ),
        ),
      );
    const before = distributions();
    const delta = 0.01 / Math.sqrt(fisher);
    scope(() => noGrad(() => void parameter.flatten().narrow(0, at, 1).add_(delta)));
    const after = distributions();
    const divergence =
      before.reduce((sum, p, i) => sum + p.reduce((own, log, j) => own + Math.exp(log) * (log - after[i][j]), 0), 0) /
      before.length;
    // To second order, and as far as the draws say.
    expect(divergence / (0.5 * fisher * delta ** 2)).toBeGreaterThan(0.75);
    expect(divergence / (0.5 * fisher * delta ** 2)).toBeLessThan(1.3);
    disposeAnchors(first);
    disposeAnchors(anchors);
    trainable.dispose();
  });
});

describe('an update', () => {
  const replay = [writeReplay(join(scratch, 'replay.jsonl'))];
  const rows = join(scratch, 'learnt');
  const knowing = join(scratch, 'knowing');
  let base: Model;
  beforeAll(async () => {
    cpSync(path, knowing, { recursive: true });
    base = loadCompleteModel(path);
    const texts = readFileSync(replay[0], 'utf8').split('\n');
    const data = datasetOf<Rows['instruction']>(texts.map(line => JSON.parse(line)));
    await trainModel({
      model: base,
      objective: instruction({ tokenizer, context: 64, model: base }),
      data,
      steps: 150,
      lr: 5e-3,
    });
    saveModel(knowing, base);
  });
  afterAll(() => base.dispose());

  /** Rise of the loss of text from before, when nothing of it is repeated. */
  async function forgotten(name: string, ewc: number): Promise<{ rise: number; term?: number }> {
    const folder = join(rows, name);
    writeSettings(folder, {
      update: { ewc, replay: 0, kl: 0, epochs: 6, lr: 5e-3, defend: false, interpolate: false },
    });
    using store = openStore(folder);
    simulate(store, { people: 4, each: 8 });
    const settings = readSettings(folder);
    const lessons = lessonsOf(store);
    using bench = await openWorkbench(knowing, { championFolder: knowing, settings, replayFiles: replay });
    const out = join(folder, 'out');
    mkdirSync(out);
    const options = { championFolder: knowing, lessons, weights: lessons.map(() => 1), settings };
    const update = await updateAdapter(bench, out, options);
    using candidate = loadCompleteModel(out);
    const { measured, heldOut } = bench.replay!;
    return {
      rise: lossOf(candidate, measured, heldOut) - lossOf(base, measured, heldOut),
      term: update!.terms.ewc,
    };
  }

  it('forgets less of the text from before', { timeout: 120_000 }, async () => {
    const without = await forgotten('without', 0);
    const [little, much] = [await forgotten('little', 1000), await forgotten('much', 10_000)];
    expect(without.term).toBeUndefined();
    expect(much.term).toBeGreaterThan(0);
    expect(without.rise).toBeGreaterThan(0.2);
    expect(little.rise).toBeLessThan(0.8 * without.rise);
    expect(much.rise).toBeLessThan(0.4 * without.rise);
  });

  it('needs text from before', async () => {
    const folder = join(scratch, 'nothing');
    writeSettings(folder, { update: { ewc: 1 } });
    using store = openStore(folder);
    simulate(store, { people: 4, each: 8 });
    await expect(learn(store, { model: path, replay: false })).rejects.toThrow(/update\.ewc asks which weights matter/);
  });
});
