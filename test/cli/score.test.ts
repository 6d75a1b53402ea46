/** `tslm score`, and the ways of `tslm generate` beside sampling and beams. */
import { cpSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { createModel, saveModel } from '../../src/models/auto.ts';
import type { Model } from '../../src/models/model.ts';
import { writeJson } from '../../src/support/files.ts';
import { tokenText, tokenTexts } from '../../src/tokenizers/decode/token-text.ts';
import { Tokenizer } from '../../src/tokenizers/tokenizer.ts';
import { inferenceMode, noGrad, tensor } from '../../src/torch/index.ts';
import { expectRefusal, tslmHere } from '../helpers/cli.ts';
import { scratchFolder } from '../support/scratch.ts';

const tokenizerFolder = 'test/fixtures/tokenizers/byte_bpe_gpt2';
const tokenizer = Tokenizer.fromFile(tokenizerFolder);
const [folder, assistant, stranger] = ['gpt2', 'small', 'stranger'].map(name => join(scratchFolder(), name));
let model: Model;

function make(where: string, seed: number, vocabulary = tokenizerFolder): Model {
  const { vocabSize } = Tokenizer.fromFile(vocabulary);
  const made = createModel('gpt2', { layers: 1, hidden: 16, heads: 2, context: 48, vocabSize }, { seed }).eval();
  noGrad(() => made.parameters().forEach(p => void (p.dim === 2 && p.mul_(15))));
  saveModel(where, made);
  cpSync(vocabulary, where, { recursive: true });
  return made;
}

beforeAll(() => {
  model = make(folder, 1);
  make(assistant, 2);
  writeJson(join(assistant, 'generation_config.json'), { num_assistant_tokens: 3 });
  make(stranger, 3, 'test/fixtures/tokenizers/byte_bpe_qwen2');
});

async function json(...args: string[]) {
  const { stdout, stderr, code } = await tslmHere([...args, '--json']);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  return JSON.parse(stdout).results;
}

describe('score', () => {
  const text = 'The cat, 寒い.';

  it('gives each token’s log-probability, their sum, perplexity and bits per byte', async () => {
    const [{ tokens, logProb, perplexity, bitsPerByte, bytes }] = await json(
      'score',
      folder,
      '--text',
      text,
      '--top-k',
      '2',
    );
    const { ids } = tokenizer.encode(text);
    expect(tokens.map(({ id }: { id: number }) => id)).toEqual(ids);
    const start = tokenizer.bosTokenId ?? tokenizer.eosTokenId!;
    const all = inferenceMode(() =>
      model
        .forward({ inputIds: tensor([[start, ...ids]], { dtype: 'int64' }) })
        .logits!.logSoftmax(-1)
        .select(0, 0)
        .toArray(),
    ) as number[][];
    const texts = tokenTexts(tokenizer, ids);
    expect(texts).toContain('寒¹');
    const expected = ids.map((id, i) => all[i][id]);
    for (const [i, token] of tokens.entries()) {
      expect(Math.abs(token.logProb - expected[i])).toBeLessThan(1e-4);
      expect(token.token).toBe(texts[i]);
      expect(token.top).toHaveLength(2);
      expect(token.top[0].logProb).toBeCloseTo(Math.max(...all[i]), 4);
      expect(token.top[0].token).toBe(tokenText(tokenizer, token.top[0].id));
    }
    const total = expected.reduce((sum, x) => sum + x, 0);
    expect(logProb).toBeCloseTo(total, 3);
    expect(perplexity / Math.exp(-total / ids.length)).toBeCloseTo(1, 3);
    expect(bytes).toBe(Buffer.byteLength(text));
    expect(bitsPerByte).toBeCloseTo(-total / Math.LN2 / bytes, 3);
  });

  it('reads a file, in windows where it is longer than the context', async () => {
    const file = join(scratchFolder(), 'long.txt');
    const long = `${text} and `.repeat(20);
    writeFileSync(file, long);
    const [{ tokens }] = await json('score', folder, '--file', file);
    expect(tokens.map(({ id }: { id: number }) => id)).toEqual(tokenizer.encode(long).ids);
    expect(tokens.length).toBeGreaterThan(48);
  });

  it('prints tokens and totals for a person, and says what is missing', async () => {
    const { stdout } = await tslmHere(['score', folder, '--text', 'The cat', '--text', 'a']);
    expect(stdout).toMatch(/^".*" +-\d+\.\d{4}\n/);
    expect(stdout.match(/\nlog-probability .* tokens, .* bytes\)\nperplexity .*\nbits per byte .*\n─/g)).toHaveLength(
      2,
    );
    expectRefusal(await tslmHere(['score', folder, '--text', '']), 2, /text 1 has nothing to score/);
  });
});

describe('generate', () => {
  const greedy = ['generate', folder, '--prompt', 'The cat', '--greedy', '--max-new-tokens', '12'];

  it('gives the same texts with an assistant and with guesses from the prompt', async () => {
    const plain = await json(...greedy);
    expect(await json(...greedy, '--assistant', assistant)).toEqual(plain);
    expect(await json(...greedy, '--prompt-lookup', '3')).toEqual(plain);
    const streamed = await tslmHere([...greedy, '--assistant', assistant]);
    expect(streamed.stdout).toBe(`The cat${plain[0].text}\n`);
  });

  it('refuses an assistant with another tokenizer', async () => {
    expectRefusal(await tslmHere([...greedy, '--assistant', stranger]), 2, /token \d+ is .* there and .* here/);
  });

  it('searches contrastively, and refuses what does not go with it', async () => {
    const contrast = ['generate', folder, '--prompt', 'The cat', '--max-new-tokens', '12', '--penalty-alpha', '0.8'];
    const [{ ids }] = await json(...contrast);
    expect(ids).toEqual((await json(...contrast, '--top-k', '4', '--seed', '5'))[0].ids);
    expect(ids).not.toEqual((await json(...greedy))[0].ids);
    expectRefusal(await tslmHere([...contrast, '--temperature', '1']), 2, /'penaltyAlpha' is 0.8.*'doSample'/);
    expectRefusal(await tslmHere([...contrast, '--greedy']), 2, /penalty-alpha/);
  });
});
