/** `tslm generate` with a model that answers instead of continuing: T5, whose generation_config.json asks for beams. */
import { cpSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { resolveGenerationConfig } from '../../src/generate/config/generation-config.ts';
import { generateSequences } from '../../src/generate/sequences.ts';
import { createModel, saveModel } from '../../src/models/auto.ts';
import type { Model } from '../../src/models/model.ts';
import { writeJson } from '../../src/support/files.ts';
import { Tokenizer } from '../../src/tokenizers/tokenizer.ts';
import { noGrad } from '../../src/torch/index.ts';
import { tslmHere } from '../helpers/cli.ts';
import { scratchFolder } from '../support/scratch.ts';

const folder = join(scratchFolder(), 't5');
const tokenizerFolder = 'test/fixtures/tokenizers/unigram_t5';
const tokenizer = Tokenizer.fromFile(tokenizerFolder);
const saved = { decoder_start_token_id: 0, eos_token_id: 1, pad_token_id: 0, num_beams: 3, max_length: 9 };
let model: Model;

beforeAll(() => {
  const sizes = { layers: 1, hidden: 16, heads: 2, context: 32, vocabSize: tokenizer.vocabSize };
  model = createModel('t5', sizes, { seed: 3 }).eval();
  noGrad(() => model.parameters().forEach(p => void (p.dim === 2 && p.mul_(3))));
  saveModel(folder, model);
  writeJson(join(folder, 'generation_config.json'), saved);
  cpSync(tokenizerFolder, folder, { recursive: true });
});

interface Result {
  prompt: string;
  text: string;
  ids: number[];
  score?: number;
}

const generate = async (...args: string[]): Promise<Result[]> => {
  const { stdout, stderr, code } = await tslmHere([
    'generate',
    folder,
    '--prompt',
    'The river rose',
    '--json',
    ...args,
  ]);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  return JSON.parse(stdout).results;
};

describe('generate with an encoder–decoder', () => {
  const library = (options = {}) => {
    const ids = tokenizer.encode('The river rose').ids;
    expect(ids.at(-1), 'the encoder reads the end of its input').toBe(1);
    const given = { decoderStartTokenId: 0, eosTokenId: 1, padTokenId: 0, ...options };
    return generateSequences(model, { inputIds: [Array.from(ids)] }, resolveGenerationConfig(given));
  };

  it('does what generation_config.json says', async () => {
    const [{ ids, text, score }, ...others] = await generate();
    expect(others).toEqual([]);
    const { sequences, sequencesScores } = library({ numBeams: 3, maxLength: 9 });
    expect([0, ...ids]).toEqual(sequences[0]);
    expect(score).toBe(sequencesScores![0]);
    expect(text).toBe(tokenizer.decode(ids, { skipSpecialTokens: true }));
  });

  it('prints the answer alone', async () => {
    const [{ text }] = await generate();
    const { stdout } = await tslmHere(['generate', folder, '--prompt', 'The river rose']);
    expect(stdout).toBe(`${text}\n`);
  });

  it('takes the most probable tokens, or samples, where asked', async () => {
    const [greedy] = await generate('--greedy');
    expect([0, ...greedy.ids]).toEqual(library({ maxLength: 9 }).sequences[0]);
    expect(greedy.score).toBeUndefined();
    const draw = async (seed: string) =>
      (await generate('--num-beams', '1', '--temperature', '4', '--top-k', '0', '--seed', seed))[0].ids;
    expect(await draw('1')).toEqual(await draw('1'));
    expect(await draw('1')).not.toEqual(await draw('2'));
  });
});
