/** Every family against what Hugging Face computes, and `verify` against results that were tampered with. */
import { copyFileSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { globSync } from 'tinyglobby';
import { describe, expect, it } from 'vitest';
import { verify } from '../../src/evaluate/verify/verify.ts';
import { memoryStats } from '../../src/torch/index.ts';
import { sharedFiles } from '../helpers/shared.ts';
import { scratchFolder } from '../support/scratch.ts';

const committed = 'test/fixtures/hf';

/** Small checkpoints that are always here, one or two of each family, and more where `../shared` is. */
const folders = [...globSync(`${committed}/*/*/golden.json`).sort(), ...sharedFiles('fixtures/hf/*/*/golden.json')].map(
  dirname,
);

/** A decoder, where one has to do. */
const languageModel = `${committed}/gpt2/lm`;

/** Tokenizers, word vectors, schedules and logits processors: the small ones that are always here, and all where `../shared` is. */
const others = [
  ...globSync('test/fixtures/tokenizers/*/tokenizer.json').sort(),
  'test/fixtures/vectors',
  'test/fixtures/train/schedules.json',
  'test/fixtures/generate/logits_processors.json',
  ...sharedFiles('fixtures/tokenizers/*/tokenizer.json'),
  ...sharedFiles('fixtures/compression/vectors/golden.json'),
  ...sharedFiles('fixtures/{schedules,logits_processors}.json'),
].map(path => (path.endsWith('tokenizer.json') ? dirname(path) : path));

describe('recorded results', () => {
  it('are there, of models and of what goes with them', () => {
    expect(folders.length).toBeGreaterThan(25);
    expect(others.length).toBeGreaterThan(8);
  });

  it.each([...folders, ...others])('%s', folder => {
    const checks = [...verify(folder)];
    expect(checks.filter(check => !check.pass)).toEqual([]);
    expect(checks.length).toBeGreaterThan(1);
  });

  it('are compared without keeping memory', () => {
    const run = (): number => [...verify(languageModel)].length;
    run();
    const before = memoryStats().liveBytes;
    run();
    expect(memoryStats().liveBytes).toBe(before);
  });
});

describe('what does not agree', () => {
  const scratch = scratchFolder();

  // biome-ignore lint/suspicious/noExplicitAny: a recorded file of any shape
  const tampered = (name: string, change: (golden: any) => void): string => {
    const folder = join(scratch, name);
    mkdirSync(folder);
    for (const file of readdirSync(languageModel)) copyFileSync(join(languageModel, file), join(folder, file));
    const path = join(folder, 'golden.json');
    const golden = JSON.parse(readFileSync(path, 'utf8'));
    change(golden);
    writeFileSync(path, JSON.stringify(golden));
    return folder;
  };

  const failures = (folder: string) =>
    [...verify(folder)].filter(check => !check.pass).map(({ section, quantity }) => `${section} ${quantity}`);

  it('is named, and nothing else', () => {
    expect(failures(tampered('loss', golden => (golden.forward[1].loss += 0.01)))).toEqual(['forward loss']);
    const { forward } = JSON.parse(readFileSync(join(languageModel, 'golden.json'), 'utf8'));
    const [plain, padded] = forward.map((entry: { tensors: { logits: string } }) => entry.tensors.logits);
    expect(plain).not.toBe(padded);
    expect(failures(tampered('logits', golden => (golden.forward[0].tensors.logits = padded)))).toEqual([
      'forward logits',
    ]);
    expect(failures(tampered('ids', golden => golden.generate[0].sequences[0].reverse()))).toEqual([
      'generate sequences',
    ]);
    expect(failures(tampered('grad', golden => (golden.grad.params_without_grad = ['transformer.ln_f.bias'])))).toEqual(
      ['grad without gradient'],
    );
    expect(failures(tampered('norm', golden => (golden.adamw.grad_norms[2] *= 1.01)))).toEqual(['adamw grad norms']);
  });

  it('is a failure where something cannot be computed at all', () => {
    expect(failures(tampered('tensor', golden => (golden.forward[0].tensors.logits = 'nowhere')))).toEqual([
      'forward ',
    ]);
    expect(
      failures(tampered('quantity', golden => (golden.forward[0].tensors.sop_logits = 'forward.plain.logits'))),
    ).toEqual(['forward sop_logits']);
  });

  it('is an error where there is nothing to compare', () => {
    expect(() => [...verify(scratch)]).toThrow(/there is no golden.json/);
  });
});
