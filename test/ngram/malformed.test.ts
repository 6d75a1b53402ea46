/** n-gram models whose files were damaged at random: each opens and continues a text, or is refused with a code. */
import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { it } from 'vitest';
import { continueText, loadNgram, readArpa, type StoredNgram, saveNgram } from '../../src/ngram/index.ts';
import { damage, expectBoth } from '../helpers/damage.ts';
import { mutateBytes, mutateJsonFile, mutateText } from '../helpers/mutations.ts';
import { scratchFolder } from '../support/scratch.ts';

const folder = scratchFolder();
const arpa = 'test/fixtures/ngram/house-4.arpa';
const provenance = { source: 'damaged' };
const use = (stored: StoredNgram): unknown => continueText(stored, 'the house', { maxTokens: 20, seed: 1 });

it.each([
  ['bytes', mutateBytes],
  [
    'lines',
    mutateText(['\\end\\', '\n', '\t', '-1.5', 'ngram 5=7', '99999999999', '<s>', '</s>', '-', 'nan', '1e999']),
  ],
])('ARPA, %s', { timeout: 1_800_000 }, async (_, mutate) => {
  const path = join(folder, 'model.arpa');
  const outcome = await damage(readFileSync(arpa), {
    mutate,
    read(bytes) {
      writeFileSync(path, bytes);
      use({ ...readArpa(path), provenance });
    },
  });
  expectBoth(outcome);
});

const stored = join(folder, 'stored');
saveNgram(stored, { ...readArpa(arpa), provenance });

it.each([
  ['ngram.json', mutateJsonFile],
  ['ngram.json', mutateBytes],
  ['ngram.bin', mutateBytes],
  ['vocabulary.json', mutateJsonFile],
])('%s of a folder', { timeout: 1_800_000 }, async (name, mutate) => {
  const damaged = join(folder, `damaged ${name}`);
  cpSync(stored, damaged, { recursive: true });
  const outcome = await damage(readFileSync(join(stored, name)), {
    mutate,
    read(bytes) {
      writeFileSync(join(damaged, name), bytes);
      use(loadNgram(damaged));
    },
  });
  expectBoth(outcome);
});
