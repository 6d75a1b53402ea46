import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { createFromConfig, loadModel, saveModel } from '../../../src/models/auto.ts';
import { checkpointTensors } from '../../../src/models/checkpoint/load.ts';
import type { Encoder } from '../../../src/models/encoder.ts';
import { PatchEmbeddings } from '../../../src/models/patch-embeddings.ts';
import { autocast, constantPadNd, noGrad, randn, type Tensor, tensor, withSeed } from '../../../src/torch/index.ts';
import { scratchFolder } from '../../support/scratch.ts';
import { expectClose } from '../../torch/helpers.ts';
import { int64 } from '../golden.ts';
import { keysOf, randomModel, run, saved } from './helpers.ts';
import {
  add,
  crossEntropy,
  layerNorm,
  linear,
  type Matrix,
  mean,
  preNormLayer,
  type Vector,
  weightsOf,
} from './naive.ts';

const scratch = scratchFolder();
const sizes = {
  model_type: 'vit',
  hidden_size: 8,
  num_hidden_layers: 2,
  num_attention_heads: 2,
  intermediate_size: 12,
  image_size: [5, 6],
  patch_size: [2, 3],
  num_channels: 2,
};
const vit = (name: string, more: object = {}) => randomModel({ ...sizes, architectures: [`ViT${name}`], ...more });
const pixels = withSeed(3, () => randn([2, 2, 5, 6]));

const close = (actual: Tensor | undefined, expected: number | number[] | number[][] | number[][][]) =>
  expectClose(actual!, tensor(expected), { atol: 2e-5, rtol: 1e-4 });

/** The hidden states of one image, before and after each layer and the norm. */
function states(model: ReturnType<typeof vit>, image: number[][][]): Matrix[] {
  const w = weightsOf(model);
  const prefix = model.task === 'backbone' ? '' : 'vit.';
  const tensors = new Map(checkpointTensors(model));
  const array = <T>(key: string) => tensors.get(prefix + key)!.toArray() as T;
  const kernel = array<number[][][][]>('embeddings.patch_embeddings.projection.weight');
  const bias = array<number[]>('embeddings.patch_embeddings.projection.bias');
  const [[classToken]] = array<number[][][]>('embeddings.cls_token');
  const [positions] = array<number[][][]>('embeddings.position_embeddings');
  const patches: Vector[] = [];
  // Two rows of two patches; the fifth row of pixels is left over.
  for (const top of [0, 2]) {
    for (const left of [0, 3]) {
      patches.push(
        kernel.map((filter, out) => {
          let sum = bias[out];
          for (let channel = 0; channel < 2; channel++)
            for (let i = 0; i < 2; i++)
              for (let j = 0; j < 3; j++) sum += filter[channel][i][j] * image[channel][top + i][left + j];
          return sum;
        }),
      );
    }
  }
  const all = [[classToken, ...patches].map((x, t) => add(x, positions[t]))];
  for (const index of [0, 1]) {
    const layer = `${prefix}encoder.layer.${index}.`;
    const keys = {
      query: `${layer}attention.attention.query`,
      key: `${layer}attention.attention.key`,
      value: `${layer}attention.attention.value`,
      output: `${layer}attention.output.dense`,
      attentionNorm: `${layer}layernorm_before`,
      input: `${layer}intermediate.dense`,
      outerOutput: `${layer}output.dense`,
      outputNorm: `${layer}layernorm_after`,
    };
    all.push(preNormLayer(w, keys, all.at(-1)!, { heads: 2 }));
  }
  all.push(all.at(-1)!.map(x => layerNorm(w, `${prefix}layernorm`, x)));
  return all;
}

const images = pixels.toArray() as number[][][][];

describe('the encoder', () => {
  it('reads patches that are no squares, of images that are none', () => {
    const model = vit('Model');
    const expected = images.map(image => states(model, image));
    const output = run(model, { pixelValues: pixels, outputHiddenStates: true });
    close(
      output.lastHiddenState,
      expected.map(all => all[3]),
    );
    // The norm comes after the last of them.
    for (const i of [0, 1, 2])
      close(
        output.hiddenStates![i],
        expected.map(all => all[i]),
      );
    const w = weightsOf(model);
    close(
      output.poolerOutput,
      expected.map(all => linear(w, 'pooler.dense', all[3][0]).map(Math.tanh)),
    );
    expect((model.backbone as Encoder<PatchEmbeddings>).embeddings.count).toBe(model.maxPositions);
  });

  it('may pool to another width by another activation', () => {
    const model = vit('Model', { pooler_output_size: 3, pooler_act: 'relu' });
    const w = weightsOf(model);
    const expected = images.map(image =>
      linear(w, 'pooler.dense', states(model, image)[3][0]).map(x => Math.max(0, x)),
    );
    close(run(model, { pixelValues: pixels }).poolerOutput, expected);
  });

  it('may have no biases for queries, keys and values', () => {
    const model = vit('Model', { qkv_bias: false });
    close(
      run(model, { pixelValues: pixels }).lastHiddenState,
      images.map(image => states(model, image)[3]),
    );
    const biases = keysOf(model).filter(key => /layer\.0\.attention.*bias/.test(key));
    expect(biases).toEqual(['encoder.layer.0.attention.output.dense.bias']);
  });

  it('refuses images of another size, and texts', () => {
    const model = vit('Model');
    const other = withSeed(3, () => randn([2, 2, 6, 6]));
    expect(() => run(model, { pixelValues: other })).toThrow(
      'pixelValues are [2, 2, 6, 6], the model reads [batch, 2, 5, 6]',
    );
    expect(() => run(model, { inputIds: int64([[1]]) })).toThrow(/give pixelValues/);
    expect(() => createFromConfig({ ...sizes, patch_size: 8 }, { seed: 1 })).toThrow(
      /a patch of 8×8 is larger than an image of 5×6/,
    );
  });

  it('stretches the table of positions over images of other sizes when asked to', () => {
    const embeddings = new PatchEmbeddings({ imageSize: [6, 4], patchSize: [2, 2], channels: 1, dim: 1, dropout: 0 });
    noGrad(() => {
      for (const parameter of [embeddings.weight, embeddings.bias, embeddings.classToken]) parameter.zero_();
      embeddings.positions.copy_(tensor([7, 0.5, -1, 2, 3, -0.25, 0.75]).view([1, 7, 1]));
    });
    const pixelValues = withSeed(3, () => randn([1, 1, 8, 11]));
    const [vectors] = embeddings.forward({ pixelValues, interpolatePosEncoding: true }).toArray() as number[][][];
    // What torch.nn.functional.interpolate(size=(4, 5), mode='bicubic', align_corners=False) makes of the 3×2 patches.
    const expected = [
      [0.5774922966957092, 0.25461938977241516, -0.4473876953125, -1.14939546585083, -1.4722678661346436],
      [1.695737361907959, 1.71479332447052, 1.7562255859375, 1.7976579666137695, 1.8167146444320679],
      [1.2134735584259033, 1.458526372909546, 1.9913330078125, 2.5241401195526123, 2.769193410873413],
      [-0.5217489004135132, -0.32949888706207275, 0.0885009765625, 0.506501317024231, 0.6987508535385132],
    ];
    close(tensor(vectors.flat()), [7, ...expected.flat()]);

    // The same picture, larger by pixels that no patch takes in.
    const model = vit('Model');
    const padded = constantPadNd(pixels, [0, 1, 0, 0]);
    const { lastHiddenState } = run(model, { pixelValues: padded, interpolatePosEncoding: true });
    expectClose(lastHiddenState, run(model, { pixelValues: pixels }).lastHiddenState);
    const wide = run(model, { pixelValues: constantPadNd(pixels, [0, 6, 0, 4]), interpolatePosEncoding: true });
    expect(wide.lastHiddenState.shape).toEqual([2, 1 + 4 * 4, 8]);
    expect(() => run(model, { pixelValues: pixels.narrow(2, 0, 1), interpolatePosEncoding: true })).toThrow(
      /a patch of 2×3 is larger than an image of 1×6/,
    );
  });

  it('is close in mixed precision', () => {
    const model = vit('Model');
    const exact = run(model, { pixelValues: pixels }).lastHiddenState;
    const mixed = autocast('bfloat16', () => run(model, { pixelValues: pixels }).lastHiddenState);
    expect(mixed.dtype).toBe('float32');
    expectClose(mixed, exact, { atol: 0.05 * exact.abs().amax().item(), rtol: 0 });
  });
});

describe('image classification', () => {
  it('reads the first position after the norm', () => {
    const model = vit('ForImageClassification', { id2label: { 0: 'cat', 1: 'dog', 2: 'cow' } });
    const w = weightsOf(model);
    const logits = images.map(image => linear(w, 'classifier', states(model, image)[3][0]));
    const output = run(model, { pixelValues: pixels, labels: int64([[2], [0]]).view([2]) });
    close(output.logits, logits);
    close(output.loss, mean([crossEntropy(logits[0], 2), crossEntropy(logits[1], 0)]));
    expect(keysOf(model).some(key => key.includes('pooler'))).toBe(false);
  });
});

describe('checkpoints', () => {
  it('come back as they were; what stood for hidden patches is left out', () => {
    const model = vit('Model');
    saveModel(join(scratch, 'vit'), model);
    expect(loadModel(join(scratch, 'vit'))).toMatchObject({ missing: [], unexpected: [] });
    const folder = saved(join(scratch, 'masked'), vit('ForImageClassification'), tensors =>
      tensors.set('vit.embeddings.mask_token', tensor([[[1, 2, 3, 4, 5, 6, 7, 8]]])),
    );
    expect(loadModel(folder)).toMatchObject({ missing: [], unexpected: [] });
  });

  it('start with small random weights, zeros and ones', () => {
    const model = createFromConfig(
      { ...sizes, hidden_size: 64, image_size: 12, patch_size: 2, encoder_stride: 16 },
      { seed: 1 },
    );
    const { weight, bias, positions, classToken } = (model.backbone as Encoder<PatchEmbeddings>).embeddings;
    for (const x of [weight, positions, classToken])
      expect(x.detach().square().mean().sqrt().item()).toBeCloseTo(0.02, 2);
    expect(bias.detach().abs().sum().item()).toBe(0);
  });
});
