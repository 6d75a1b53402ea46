/** `tslm inspect` of a corpus. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { ShardWriter } from '../../src/data/corpus/shards.ts';
import { tokenizerHash } from '../../src/data/corpus/tokenizer-hash.ts';
import { byteTokenizer } from '../data/helpers.ts';
import { tslmHere } from '../helpers/cli.ts';
import { tinyCorpus } from '../helpers/tiny.ts';
import { scratchFolder } from '../support/scratch.ts';

const folder = scratchFolder();

it('says how many documents and tokens there are, and how many sentences where they are recorded', async () => {
  const plain = await tslmHere(['inspect', tinyCorpus(join(folder, 'plain'))]);
  expect(plain).toMatchObject({ code: 0, stderr: '' });
  expect(plain.stdout).toMatch(/train +\S+ tokens, 60 documents, 1 shard\n/);
  expect(plain.stdout).toMatch(/vocabulary +257 tokens, stored as uint16/);

  const place = join(folder, 'sentences');
  byteTokenizer(place);
  const train = new ShardWriter(place, 'train', { shardTokens: 100, sentences: true });
  train.add(
    Uint16Array.from([1, 2, 3, 4, 256]),
    { bytes: 4, characters: 4 },
    { starts: Uint32Array.of(0, 2, 3), end: 4 },
  );
  const empty = { tokens: 0, documents: 0, bytes: 0, characters: 0, sentences: 0, shards: [] };
  const index = {
    format: 1,
    vocab_size: 257,
    dtype: 'uint16',
    eos_token_id: 256,
    tokenizer_sha256: tokenizerHash(place),
    seed: 0,
    options: {},
    preprocessing: [{ step: 'lower case', documents: 1, characters: 3 }],
    splits: { train: train.finish(), validation: empty, test: empty },
  };
  writeFileSync(join(place, 'corpus.json'), JSON.stringify(index));
  const { stdout } = await tslmHere(['inspect', place]);
  expect(stdout).toMatch(/train +5 tokens, 1 documents, 3 sentences, 1 shard\n/);
  expect(stdout).toMatch(/lower case +changed in 1 documents/);
  const { stdout: json } = await tslmHere(['inspect', place, '--json']);
  expect(JSON.parse(json)).toMatchObject({ folder: place, splits: { train: { sentences: 3, documents: 1 } } });
});
