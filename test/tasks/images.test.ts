/** Images in files through the tasks and the command line, on models of random weights. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { saveModel } from '../../src/models/auto.ts';
import { newImageProcessor, writeImageProcessor } from '../../src/models/image-processor/config.ts';
import { pixelValuesOf, processImage } from '../../src/models/image-processor/process.ts';
import { pipeline } from '../../src/pipeline.ts';
import { Tokenizer } from '../../src/tokenizers/tokenizer.ts';
import { inferenceMode, memoryStats } from '../../src/torch/index.ts';
import { expectRefusal, tslmHere } from '../helpers/cli.ts';
import { dataUrlOf, pngOf, randomImage } from '../helpers/images.ts';
import { scratchFolder } from '../support/scratch.ts';
import { softmax, tinyModel } from './helpers.ts';
import { taskModels } from './model-folders.ts';

const folder = scratchFolder();
const place = (name: string): string => join(folder, name);
const image = randomImage(17, 11, 1);
const processor = newImageProcessor({ height: 12, width: 12, mean: [0.1, 0.2, 0.3] });
const names = ['cat', 'dog', 'bird', 'fish', 'horse', 'cow', 'ant'];

beforeAll(() => {
  using seeing = tinyModel('vit', 'ViTForImageClassification', { id2label: { ...names } });
  saveModel(place('vit'), seeing);
  writeImageProcessor(place('vit'), processor);
  const tokenizer = Tokenizer.fromFile('test/fixtures/tokenizers/byte_bpe_roberta');
  using writing = tinyModel('vision-encoder-decoder', 'VisionEncoderDecoderModel', {
    encoder: {
      model_type: 'vit',
      hidden_size: 24,
      num_hidden_layers: 1,
      num_attention_heads: 3,
      intermediate_size: 24,
      image_size: 12,
      patch_size: 4,
    },
    decoder: {
      ...{ model_type: 'gpt2', n_embd: 24, n_layer: 1, n_head: 3, n_positions: 24 },
      ...{ vocab_size: tokenizer.vocabSize, add_cross_attention: true, is_decoder: true },
    },
  });
  saveModel(place('captions'), writing);
  tokenizer.save(place('captions'));
  taskModels(folder);
  writeFileSync(place('x.png'), pngOf(image));
  writeFileSync(place('text.png'), 'hello');
  const rows = Array.from({ length: 40 }, (_, i) => ({
    image: dataUrlOf(randomImage(12, 12, i)),
    label: names[i % 3],
  }));
  writeFileSync(place('rows.jsonl'), rows.map(row => JSON.stringify(row)).join('\n'));
});

describe('image-classification', () => {
  it('gives the five best labels of a file, a data: URL or bytes', () => {
    using classify = pipeline('image-classification', place('vit'));
    const pixelValues = pixelValuesOf([processImage(image, processor)], processor, 'cpu');
    const logits = inferenceMode(() => classify.model.forward({ pixelValues }).logits!.toArray() as number[][])[0];
    const expected = softmax(logits)
      .map((score, i) => ({ label: names[i], score: expect.closeTo(score, 6) as number, value: score }))
      .sort((a, b) => b.value - a.value)
      .map(({ label, score }) => ({ label, score }));
    expect(expected.length).toBe(7);
    expect(classify(place('x.png'))).toEqual(expected.slice(0, 5));
    expect(classify([dataUrlOf(image), pngOf(image)], { topK: 7 })).toEqual([expected, expected]);
    const { tensors } = memoryStats();
    classify(Array(40).fill(place('x.png')));
    expect(memoryStats().tensors).toBe(tensors);
  });

  it('or says what is wrong', () => {
    using classify = pipeline('image-classification', place('vit'));
    expect(() => classify(place('text.png'))).toThrow(`${place('text.png')}: not a PNG, JPEG, WebP or GIF image`);
    expect(() => classify(7 as never)).toThrow(/expected a path, a data: URL, bytes, or a list of them/);
    expect(() => classify(place('x.png'), { topk: 1 } as object)).toThrow(/unknown option 'topk'/);
    expect(() => pipeline('image-classification', place('sentiment'))).toThrow(/reads text, not images/);
    using describes = pipeline('image-classification', place('captions'));
    expect(() => describes(place('x.png'))).toThrow(/does not classify images/);
  });
});

describe('image-to-text', () => {
  it('writes about images, whole or piece by piece', async () => {
    using describes = pipeline('image-to-text', place('captions'));
    const generation = { maxNewTokens: 6 };
    const [first, second] = describes([place('x.png'), dataUrlOf(randomImage(12, 12, 2))], { generation });
    expect([first.prompt, second.prompt]).toEqual([place('x.png'), 'a data: URL']);
    expect(first.ids.length).toBeGreaterThan(0);
    expect(describes(pngOf(image), { generation })).toEqual([{ ...first, prompt: 'bytes' }]);
    const ids: number[] = [];
    for await (const { token } of describes.stream(place('x.png'), { generation })) ids.push(token.id);
    expect(ids).toEqual(first.ids);
    const { tensors } = memoryStats();
    for await (const _ of describes.stream(place('x.png'), { generation })) break;
    expect(memoryStats().tensors).toBe(tensors);
    expect(
      describes(place('x.png'), { generation: { ...generation, numBeams: 3, numReturnSequences: 2 } }).length,
    ).toBe(2);
    expect(() => pipeline('image-to-text', place('t5'))).toThrow(/reads text, not images/);
  });
});

describe('the command line', () => {
  it('classifies images and texts', async () => {
    using classify = pipeline('image-classification', place('vit'));
    const best = classify(place('x.png'), { topK: 2 });
    const { stdout } = await tslmHere(['classify', place('vit'), place('x.png'), '--top-k', '2', '--json']);
    expect(JSON.parse(stdout).results).toEqual([{ input: place('x.png'), labels: best }]);
    const shown = await tslmHere(['classify', place('vit'), place('x.png'), place('x.png'), '--top-k', '1']);
    expect(shown.stdout.match(new RegExp(`${best[0].label} +${best[0].score.toFixed(4)}`, 'g'))).toHaveLength(2);
    const text = await tslmHere(['classify', place('sentiment'), '--text', 'the cat sat', '--json']);
    expect(JSON.parse(text.stdout).results[0].labels.length).toBe(2);
    expectRefusal(await tslmHere(['classify', place('vit')]), 2, 'give images, --text or --data');
    expectRefusal(await tslmHere(['classify', place('vit'), place('x.png'), '--skip-bad']), 2, '--skip-bad is about');
    expectRefusal(await tslmHere(['classify', place('vit'), 'nowhere.png']), 1, 'nowhere.png: no such file');
  });

  it('counts how often it is right', async () => {
    const { stdout } = await tslmHere(['classify', place('vit'), '--data', place('rows.jsonl'), '--json']);
    const result = JSON.parse(stdout);
    using classify = pipeline('image-classification', place('vit'));
    const found = classify(
      Array.from({ length: 40 }, (_, i) => pngOf(randomImage(12, 12, i))),
      { topK: 7 },
    );
    const right = found.filter(([best], i) => best.label === names[i % 3]).length;
    expect(result).toMatchObject({ images: 40, bad: 0, accuracy: right / 40, majority: { label: 'cat', share: 0.35 } });
    expect(result.interval[0]).toBeLessThanOrEqual(right / 40);
    const scores = found.map((labels, i) => labels.find(({ label }) => label === names[i % 3])!.score);
    expect(result.loss).toBeCloseTo(-scores.reduce((sum, score) => sum + Math.log(score), 0) / 40, 4);
    const table = await tslmHere(['classify', place('vit'), '--data', place('rows.jsonl')]);
    expect(table.stdout).toMatch(/^accuracy +[\d.]+ % \(95 % interval [\d.]+ % to [\d.]+ %\)$/m);
    writeFileSync(place('renamed.jsonl'), JSON.stringify({ file: 'x.png', kind: 'cat' }));
    const columns = ['--columns', 'image=file', '--columns', 'label=kind'];
    const renamed = await tslmHere(['classify', place('vit'), '--data', place('renamed.jsonl'), ...columns, '--json']);
    expect(JSON.parse(renamed.stdout).images).toBe(1);
  });

  it('describes images', async () => {
    using describes = pipeline('image-to-text', place('captions'));
    const [{ text }] = describes(place('x.png'), { generation: { maxNewTokens: 5 } });
    const args = ['generate', place('captions'), '--max-new-tokens', '5', '--image', place('x.png')];
    expect((await tslmHere(args)).stdout).toBe(`${text}\n`);
    const both = JSON.parse((await tslmHere([...args, '--image', place('x.png'), '--json'])).stdout);
    expect(both.results.map(({ prompt, text }: { prompt: string; text: string }) => [prompt, text])).toEqual(
      Array(2).fill([place('x.png'), text]),
    );
    expectRefusal(
      await tslmHere(['generate', place('writer'), '--image', place('x.png')]),
      1,
      'reads text, not images',
    );
    expectRefusal(await tslmHere(['generate', place('captions'), '--prompt', 'x']), 2, 'this model reads images');
  });
});
