/** Tokenizers of every format but tokenizer.json (`../malformed.test.ts`), damaged at random: each works, or is refused with a code. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { it } from 'vitest';
import { Tokenizer } from '../../../src/tokenizers/tokenizer.ts';
import { damage, damageTries, expectBoth } from '../../helpers/damage.ts';
import { mutateBytes, mutateJsonFile, mutateText } from '../../helpers/mutations.ts';
import { scratchFolder } from '../../support/scratch.ts';
import { fixtureFolder, fixtureJson } from '../pipelines.ts';

const root = scratchFolder();
const TEXTS = ['', 'Hello, world! <mask> naïve 中文 😀', '  a\tb\n'];

function use(folder: string): void {
  const tokenizer = Tokenizer.fromFile(folder);
  for (const text of TEXTS) tokenizer.decode(tokenizer.encode(text, { pair: text }).ids);
}

/** Tokens in the order of their ids. */
const tokensOf = (vocab: Record<string, number>): string[] =>
  Object.entries(vocab)
    .sort(([, a], [, b]) => a - b)
    .map(([token]) => token);

const sentencePiece = (name: string): Record<string, Buffer> => ({
  'spiece.model': readFileSync(`test/fixtures/tokenizers/sentencepiece/${name}.model`),
  'tokenizer_config.json': Buffer.from('{"tokenizer_class":"T5Tokenizer"}'),
});
const gpt2 = fixtureJson('byte_bpe_gpt2').model;
const merges = gpt2.merges.map((merge: string | string[]) => (Array.isArray(merge) ? merge.join(' ') : merge));
const files: Record<string, Record<string, Buffer>> = {
  unigram: sentencePiece('unigram'),
  'unigram with bytes': sentencePiece('unigram_bytes'),
  bpe: { ...sentencePiece('bpe'), 'tokenizer_config.json': Buffer.from('{"tokenizer_class":"LlamaTokenizer"}') },
  'vocab.txt': { 'vocab.txt': Buffer.from(tokensOf(fixtureJson('wordpiece_bert').model.vocab).join('\n')) },
  merges: {
    'vocab.json': Buffer.from(JSON.stringify(gpt2.vocab)),
    'merges.txt': Buffer.from(`#version: 0.2\n${merges.join('\n')}\n`),
    'tokenizer_config.json': Buffer.from('{"tokenizer_class":"GPT2Tokenizer","unk_token":"!"}'),
  },
  configured: {
    'tokenizer.json': readFileSync(join(fixtureFolder('wordpiece_bert'), 'tokenizer.json')),
    'tokenizer_config.json': readFileSync(join(fixtureFolder('wordpiece_bert'), 'tokenizer_config.json')),
  },
};

it.each([
  ['unigram', 'spiece.model', mutateBytes],
  ['unigram with bytes', 'spiece.model', mutateBytes],
  ['bpe', 'spiece.model', mutateBytes],
  ['vocab.txt', 'vocab.txt', mutateText(['\n', '\n\n', '[UNK]', '##', '\ud800', ' '])],
  ['merges', 'vocab.json', mutateJsonFile],
  ['merges', 'merges.txt', mutateText(['\n', ' ', 'a b', 'Ġ', '#version'])],
  ['configured', 'tokenizer_config.json', mutateJsonFile],
])('%s: %s', { timeout: 1_800_000 }, async (kind, name, mutate) => {
  const folder = join(root, `${kind} ${name}`);
  mkdirSync(folder);
  for (const [file, bytes] of Object.entries(files[kind])) writeFileSync(join(folder, file), bytes);
  use(folder);
  const outcome = await damage(files[kind][name], {
    mutate,
    read(bytes) {
      writeFileSync(join(folder, name), bytes);
      use(folder);
    },
  });
  // Nearly every text is a vocabulary of one word a line.
  if (name !== 'vocab.txt' || damageTries >= 1000) expectBoth(outcome);
});
