/** One test for all: every class of every family, at a size that takes a moment. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { createFromConfig, loadCompleteModel, saveModel } from '../../src/models/auto.ts';
import { families } from '../../src/models/families/index.ts';
import type { Model, ModelInputs, ModelOutput, Task } from '../../src/models/model.ts';
import { recomputeBlocks } from '../../src/models/recompute.ts';
import { KVCache } from '../../src/nn/index.ts';
import {
  arange,
  autocast,
  backward,
  cat,
  inferenceMode,
  memoryStats,
  noGrad,
  ones,
  openSafetensors,
  randint,
  randn,
  scope,
  type Tensor,
  tensor,
  withSeed,
  zeros,
} from '../../src/torch/index.ts';
import { isLong } from '../helpers/long.ts';
import { scratchFolder } from '../support/scratch.ts';
import { expectClose } from '../torch/helpers.ts';
import { tinyConfigs } from './tiny-configs.ts';

const scratch = scratchFolder();
const [BATCH, TIME, LABELS, VOCAB] = [3, 11, 4, 37];

const classes = Object.values(families).flatMap(({ modelType, architectures }) =>
  Object.entries(architectures).map(([name, task]) => ({ modelType, name, task })),
);

/** Weights far enough from zero that everything matters. */
function make(modelType: string, name: string, config: object = {}): Model {
  const labels = Object.fromEntries(Array.from({ length: LABELS }, (_, i) => [`${i}`, `LABEL_${i}`]));
  const model = createFromConfig(
    { model_type: modelType, architectures: [name], ...tinyConfigs[modelType], id2label: labels, ...config },
    { seed: 1 },
  );
  noGrad(() =>
    scope(() =>
      withSeed(2, () => {
        for (const parameter of model.parameters()) {
          if (parameter.requiresGrad) parameter.add_(randn(parameter.shape).mul(0.1));
        }
      }),
    ),
  );
  return model.eval();
}

const isVision = (modelType: string): boolean => modelType === 'vit' || modelType.startsWith('vision');
const isEncoderDecoder = (model: Model): boolean => 'encode' in model.backbone;
const generates = (task: Task): boolean => task === 'causalLM' || task === 'seq2seqLM';

const random = (shape: number[], seed = 3): Tensor =>
  // Neither padding nor any other special token.
  withSeed(seed, () => randint(4, VOCAB, shape, { dtype: 'int64' }));

/** Two parts with a separator twice between them and once at the end. */
function joinedPairs(ids: Tensor): Tensor {
  const places = arange(0, TIME, { dtype: 'int64' });
  const isSeparator = [3, 4, TIME - 1].map(place => places.eq(place)).reduce((any, here) => any.logicalOr(here));
  return ids.maskedFill(isSeparator, 2);
}

function inputsFor(model: Model, modelType: string, task: Task): ModelInputs {
  const drawn = random(task === 'multipleChoice' ? [BATCH, 2, TIME] : [BATCH, TIME]);
  const asksForPairs = modelType === 'longformer' && (task === 'multipleChoice' || task === 'questionAnswering');
  const ids = asksForPairs ? joinedPairs(drawn) : drawn;
  const read: ModelInputs = isVision(modelType)
    ? { pixelValues: withSeed(4, () => randn([BATCH, 3, 12, 12])) }
    : { inputIds: ids };
  // Some classifiers read the end-of-sequence token.
  if (isEncoderDecoder(model) && task === 'sequenceClassification') {
    read.inputIds = cat([ids.narrow(1, 0, TIME - 1), tensor([[2], [2], [2]], { dtype: 'int64' })], 1);
  }
  if (isEncoderDecoder(model) && (task === 'backbone' || task === 'seq2seqLM')) {
    read.decoderInputIds = random([BATCH, TIME - 2], 5);
  }
  return read;
}

/** What the task is trained on. */
function labelsFor(task: Task, time: number): ModelInputs {
  const one = withSeed(6, () => randint(0, LABELS, [BATCH], { dtype: 'int64' }));
  const two = withSeed(6, () => randint(0, 2, [BATCH], { dtype: 'int64' }));
  switch (task) {
    case 'causalLM':
    case 'maskedLM':
    case 'seq2seqLM':
      return { labels: random([BATCH, time], 7) };
    case 'pretraining':
      return { labels: random([BATCH, time], 7), nextSentenceLabel: two, sentenceOrderLabel: two };
    case 'nextSentence':
    case 'multipleChoice':
      return { labels: two };
    case 'replacedTokens':
      return { labels: withSeed(6, () => randint(0, 2, [BATCH, time], { dtype: 'int64' })) };
    case 'tokenClassification':
      return { labels: withSeed(6, () => randint(0, LABELS, [BATCH, time], { dtype: 'int64' })) };
    case 'questionAnswering':
      return { startPositions: two, endPositions: one };
    case 'backbone':
      return {};
    default:
      return { labels: one };
  }
}

function outputsOf(output: ModelOutput): Record<string, Tensor> {
  const { lastHiddenState, poolerOutput, logits, predictionLogits, startLogits, endLogits } = output;
  const { seqRelationshipLogits, sopLogits } = output;
  const all = { lastHiddenState, poolerOutput, logits, predictionLogits, startLogits, endLogits };
  const named = Object.entries({ ...all, seqRelationshipLogits, sopLogits });
  return Object.fromEntries(named.filter((entry): entry is [string, Tensor] => entry[1] !== undefined));
}

const run = (model: Model, inputs: ModelInputs): Record<string, Tensor> =>
  outputsOf(inferenceMode(() => model.forward(inputs)));

it('covers every family', () => {
  expect(Object.keys(tinyConfigs).sort()).toEqual(Object.keys(families).sort());
});

/** The first class of each family, and all of some that differ most; with `TSLM_LONG=1` all. */
const WHOLE = ['bert', 'gpt2', 't5', 'xlnet'];
const tried = classes.filter(
  ({ modelType }, i) => isLong || WHOLE.includes(modelType) || classes[i - 1]?.modelType !== modelType,
);

describe.each(tried)('$modelType: $name', ({ modelType, name, task }) => {
  const model = make(modelType, name);
  const inputs = inputsFor(model, modelType, task);
  const time = (inputs.decoderInputIds ?? inputs.inputIds)?.shape.at(-1) ?? 0;
  const expected = run(model, inputs);

  it('gives outputs of the right shapes', () => {
    const [vocab, labels] = [
      [BATCH, time, VOCAB],
      [BATCH, LABELS],
    ];
    const shapes: Record<Task, Record<string, number[]>> = {
      backbone: {},
      causalLM: { logits: vocab },
      maskedLM: { logits: vocab },
      seq2seqLM: { logits: vocab },
      pretraining: { predictionLogits: vocab },
      nextSentence: { logits: [BATCH, 2] },
      replacedTokens: { logits: [BATCH, time] },
      sequenceClassification: { logits: labels },
      imageClassification: { logits: labels },
      multipleChoice: { logits: [BATCH, 2] },
      tokenClassification: { logits: [BATCH, time, LABELS] },
      questionAnswering: { startLogits: [BATCH, time], endLogits: [BATCH, time] },
    };
    for (const [key, shape] of Object.entries(shapes[task])) expect(expected[key]?.shape, key).toEqual(shape);
    expect(expected.lastHiddenState.shape.at(-1)).toBe(model.backbone.hidden);
    for (const [key, value] of Object.entries(expected)) expect(value.isfinite().all().item(), key).toBe(1);
  });

  it('gives the same alone as in a batch', () => {
    for (let row = 0; row < BATCH; row++) {
      const alone = Object.fromEntries(
        Object.entries(inputs).map(([key, value]) => [key, (value as Tensor).narrow(0, row, 1)]),
      );
      const rows = run(model, alone);
      for (const [key, value] of Object.entries(expected)) {
        // Choices are told apart from texts only inside: their hidden states have a row each.
        const width = value.size(0) / BATCH;
        expectClose(rows[key], value.narrow(0, row * width, width), { atol: 2e-5, rtol: 1e-4, name: key });
      }
    }
  });

  // BigBird's choices are read at the last position, padding or not, as in Transformers.
  const readsPadding = name === 'BigBirdForMultipleChoice';
  it.skipIf(isVision(modelType) || readsPadding)('does not see padding', () => {
    scope(() => {
      const decodes = model.task !== 'backbone' && 'embeddings' in model.backbone && generates(task);
      const side = decodes || modelType === 'xlnet' ? 'left' : 'right'; // XLNet reads a text's last position
      const { inputIds } = inputs;
      const lead = inputIds!.shape.slice(0, -1);
      const [padding, real] = [zeros([...lead, 3], { dtype: 'int64' }), ones(inputIds!.shape, { dtype: 'int64' })];
      const put = (x: Tensor, beside: Tensor): Tensor => cat(side === 'left' ? [beside, x] : [x, beside], -1);
      const positions = arange(0, TIME, { dtype: 'int64' }).expand(lead.concat(TIME));
      const padded = run(model, {
        ...inputs,
        inputIds: put(inputIds!, padding),
        attentionMask: put(real, padding),
        positionIds: decodes ? put(positions, padding) : undefined,
      });
      for (const [key, value] of Object.entries(expected)) {
        const found = padded[key];
        // What has a row for each input position has three more now.
        const axis = found.shape.findIndex((length, i) => length !== value.shape[i]);
        const cut = axis < 0 ? found : found.narrow(axis, side === 'left' ? 3 : 0, value.size(axis));
        expectClose(cut, value, { atol: 3e-5, rtol: 1e-4, name: key });
      }
    });
  });

  it.skipIf(!generates(task) || modelType === 'xlnet')('gives the same with a cache', () => {
    using cache = new KVCache(model.backbone.layerCount, time);
    const name = isEncoderDecoder(model) ? 'decoderInputIds' : 'inputIds';
    for (const length of [4, 1, 1, time - 6]) {
      const start = cache.length;
      const part = run(model, { ...inputs, [name]: inputs[name]!.narrow(1, start, length), cache });
      expectClose(part.logits, expected.logits.narrow(1, start, length), { atol: 3e-5, rtol: 1e-4, name: `${start}` });
    }
  });

  it('is saved and loaded to the last bit', () => {
    const folder = join(scratch, name);
    mkdirSync(folder);
    saveModel(folder, model);
    const again = loadCompleteModel(folder);
    expect(again.config).toEqual({ ...model.config, dtype: 'float32' });
    const output = run(again, inputs);
    // A layout of its own in memory may sum in another order.
    for (const [key, value] of Object.entries(expected)) {
      expectClose(output[key], value, { atol: 1e-5, rtol: 1e-5, name: key });
    }
    const others = new Map(again.namedParameters());
    for (const [path, parameter] of model.namedParameters()) {
      expect(others.get(path)!.equal(parameter), path).toBe(true);
    }
    const { entries } = openSafetensors(join(folder, 'model.safetensors'));
    expect(entries.size).toBe(model.parameters().length);
    again.dispose();
  });

  it('is near in bfloat16, as weights and as mixed precision', () => {
    const half = make(modelType, name).to({ dtype: 'bfloat16' });
    const { pixelValues } = inputs;
    const ofHalf = run(half, { ...inputs, ...(pixelValues && { pixelValues: pixelValues.to('bfloat16') }) });
    const mixed = autocast('bfloat16', () => run(model, inputs));
    for (const [key, value] of Object.entries(expected)) {
      const atol = 0.06 * value.abs().amax().item();
      expectClose(ofHalf[key].to('float32'), value, { atol, rtol: 0, name: `${key}, weights` });
      expectClose(mixed[key].to('float32'), value, { atol, rtol: 0, name: `${key}, mixed` });
    }
    half.dispose();
  });

  it.skipIf(task === 'backbone')('has the gradient of finite differences', () => {
    const wide = make(modelType, name).to({ dtype: 'float64' });
    const { pixelValues } = inputs;
    const example = {
      ...inputs,
      ...(pixelValues && { pixelValues: pixelValues.to('float64') }),
      ...labelsFor(task, time),
    };
    scope(() => {
      const trained = wide.parameters().filter(({ requiresGrad }) => requiresGrad);
      const loss = (): Tensor => wide.forward(example).loss!;
      backward(loss());
      const directions = withSeed(8, () => trained.map(({ shape }) => randn(shape, { dtype: 'float64' })));
      const along = (gradient: Tensor | undefined, i: number): number =>
        gradient ? gradient.mul(directions[i]).sum().item() : 0;
      const slope = trained.reduce((sum, { grad }, i) => sum + along(grad, i), 0);
      const step = 5e-5;
      const shifted = (by: number): number =>
        noGrad(() => {
          for (const [i, parameter] of trained.entries()) parameter.add_(directions[i], { alpha: by });
          const value = loss().item();
          for (const [i, parameter] of trained.entries()) parameter.sub_(directions[i], { alpha: by });
          return value;
        });
      const difference = (shifted(step) - shifted(-step)) / (2 * step);
      // A slope along a random direction is about as large as the gradient.
      const norm = Math.sqrt(trained.reduce((sum, { grad }) => sum + (grad ? grad.square().sum().item() : 0), 0));
      expect(norm).toBeGreaterThan(1e-3);
      expect(Math.abs(difference - slope) / norm).toBeLessThan(0.03);
    });
    wide.dispose();
  });

  it('has the same gradients when its blocks are recomputed, dropout included', () => {
    const pass = (isRecomputed: boolean) => {
      recomputeBlocks(model.train(), isRecomputed);
      return withSeed(9, () => {
        const output = model.forward({ ...inputs, ...labelsFor(task, time) });
        const loss = output.loss ?? output.lastHiddenState.square().mean();
        backward(loss);
        const gradients = model.parameters().map(({ grad }) => grad);
        model.zeroGrad();
        return { loss: loss.item(), gradients };
      });
    };
    scope(() => {
      const [plain, again] = [pass(false), pass(true)];
      expect(again.loss).toBe(plain.loss);
      for (const [i, [path]] of [...model.namedParameters()].entries()) {
        const [found, wanted] = [again.gradients[i], plain.gradients[i]];
        expect(found === undefined, path).toBe(wanted === undefined);
        // What several blocks read is summed in another order.
        if (found && wanted) expectClose(found, wanted, { atol: 1e-5, rtol: 1e-4, name: path });
      }
    });
    recomputeBlocks(model.eval(), false);
  });

  it('keeps no memory', () => {
    const pass = (): void =>
      scope(() => {
        const output = model.forward({ ...inputs, ...labelsFor(task, time) });
        if (output.loss) backward(output.loss);
        model.zeroGrad();
      });
    pass();
    const before = memoryStats();
    pass();
    expect(memoryStats()).toMatchObject({ tensors: before.tensors, liveBytes: before.liveBytes });
  });
});
