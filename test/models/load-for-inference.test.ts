/** A prompt is answered alike by whatever opens a model. */
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { openEngine } from '../../src/engine/open-engine.ts';
import { createModel, saveModel } from '../../src/models/auto.ts';
import { type InferenceType, loadForInference } from '../../src/models/load-for-inference.ts';
import { Linear } from '../../src/nn/index.ts';
import { pipeline } from '../../src/pipeline.ts';
import { noGrad } from '../../src/torch/index.ts';
import { hasProducts } from '../../src/torch/products.ts';
import { byteTokenizer } from '../data/helpers.ts';
import { tslmHere } from '../helpers/cli.ts';
import { scratchFolder } from '../support/scratch.ts';
import { tinyModel } from '../tasks/helpers.ts';

const scratch = scratchFolder();
const folderOf = (family: string): string => join(scratch, family);
const folder = folderOf('llama');
const encoderDecoder = folderOf('t5');
const prompt = 'It was';
const maxNewTokens = 120;
const END = 256;

beforeAll(() => {
  const sizes = { layers: 2, hidden: 64, heads: 2, context: 192, vocabSize: 257 };
  for (const family of ['llama', 'gpt2']) {
    using model = createModel(family, sizes, { seed: 3, eosTokenId: END });
    // Wide enough that texts do not repeat themselves, and that rounding to bfloat16 leads to others.
    noGrad(() => model.parameters().forEach(p => void (p.dim === 2 && p.mul_(8))));
    saveModel(folderOf(family), model);
    byteTokenizer(folderOf(family));
  }
  using answers = tinyModel('t5', 'T5ForConditionalGeneration');
  saveModel(encoderDecoder, answers);
});

/** The type that a model on this processor is opened in. */
const expected = (): InferenceType => (hasProducts() ? 'bfloat16' : 'float32');

/** The server does not report the token that ends a text. */
const withoutEnd = (ids: number[]): number[] => ids.filter(id => id !== END);

async function byCommand(model: string, dtype?: string): Promise<number[]> {
  const more = dtype === undefined ? [] : ['--dtype', dtype];
  const asked = ['generate', model, '--prompt', prompt, '--greedy', '--max-new-tokens', `${maxNewTokens}`, '--json'];
  const { code, stdout, stderr } = await tslmHere([...asked, ...more]);
  expect(code, stderr).toBe(0);
  return withoutEnd((JSON.parse(stdout) as { results: { ids: number[] }[] }).results[0].ids);
}

async function byServer(model: string, dtype?: InferenceType): Promise<number[]> {
  await using engine = await openEngine(model, { dtype, memory: 1e7 });
  const ids: number[] = [];
  const sampling = { temperature: 0 };
  for await (const event of engine.generate({
    prompt: { text: prompt },
    maxTokens: maxNewTokens,
    sampling,
    logprobs: 0,
  })) {
    if (event.type === 'text') ids.push(...(event.tokens ?? []).map(({ id }) => id));
  }
  return ids;
}

function byPipeline(model: string, dtype?: InferenceType): number[] {
  using write = pipeline('text-generation', model, { dtype });
  return withoutEnd(write(prompt, { generation: { maxNewTokens } })[0].ids);
}

describe('the most probable tokens after a prompt', () => {
  it.each(
    ['llama', 'gpt2'].map(folderOf),
  )('are the same from the command, the server and a pipeline: %s', async model => {
    const ids = await byCommand(model);
    expect(new Set(ids).size).toBeGreaterThan(10);
    expect(await byServer(model)).toEqual(ids);
    expect(byPipeline(model)).toEqual(ids);
  });

  it('are so in float32, asked for by name', async () => {
    const ids = await byCommand(folder, 'float32');
    expect(await byServer(folder, 'float32')).toEqual(ids);
    expect(byPipeline(folder, 'float32')).toEqual(ids);
    if (expected() === 'bfloat16') expect(await byCommand(folder), 'the test sees the type').not.toEqual(ids);
  });
});

describe('in eight bits', () => {
  it.each(['llama', 'gpt2'].map(folderOf))('the most probable tokens are the same from all three: %s', async model => {
    const ids = await byCommand(model, 'int8');
    expect(await byServer(model, 'int8')).toEqual(ids);
    expect(byPipeline(model, 'int8')).toEqual(ids);
    expect(ids, 'the test sees the type').not.toEqual(await byCommand(model, 'float32'));
  });

  it('linear maps are packed, the rest has the type that auto takes; other models can, too', () => {
    for (const [name, dtype] of [
      [folder, expected()],
      [encoderDecoder, 'float32'],
    ] as const) {
      using model = loadForInference(name, { dtype: 'int8' });
      const maps = Array.from(model.namedModules()).flatMap(([, part]) => (part instanceof Linear ? [part] : []));
      expect(maps.length).toBeGreaterThan(4);
      expect(maps.every(map => map.isPacked)).toBe(true);
      expect(model.parameters()[0].dtype).toBe(dtype);
    }
  });

  it('is for the CPU', () => {
    expect(() => loadForInference(folder, { dtype: 'int8', device: 'cuda' })).toThrow('int8 is for the CPU');
  });
});

describe('the element type', () => {
  it('of a decoder that writes is bfloat16 where there are products for it', () => {
    using model = loadForInference(folder);
    expect(model.parameters()[0].dtype).toBe(expected());
  });

  it('of other models is float32', () => {
    using model = loadForInference(encoderDecoder);
    expect(model.parameters()[0].dtype).toBe('float32');
  });

  it('is the one that is asked for', () => {
    for (const dtype of ['float32', 'bfloat16', 'float64'] as const) {
      using model = loadForInference(folder, { dtype });
      expect(model.parameters()[0].dtype).toBe(dtype);
    }
  });
});
