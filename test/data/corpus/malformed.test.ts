/**
 * Corpora whose files were damaged at random: each opens and has documents, or is refused with a code; `verify` sees every token that has
 * changed.
 */
import { cpSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { openCorpus } from '../../../src/data/corpus/corpus.ts';
import { UserError } from '../../../src/support/errors.ts';
import { damage, expectBoth } from '../../helpers/damage.ts';
import { mutateBytes, mutateJsonFile } from '../../helpers/mutations.ts';
import { tinyCorpus } from '../../helpers/tiny.ts';
import { scratchFolder } from '../helpers.ts';

const folder = scratchFolder();
const whole = tinyCorpus(join(folder, 'whole'), {}, { shards: 2 });

it.each([
  ['corpus.json', mutateJsonFile],
  ['corpus.json', mutateBytes],
  ['train-00000.bin', mutateBytes],
  ['train-00001.idx', mutateBytes],
])('%s', { timeout: 1_800_000 }, async (name, mutate) => {
  const damaged = join(folder, `damaged ${name}`);
  cpSync(whole, damaged, { recursive: true });
  const original = readFileSync(join(whole, name));
  const outcome = await damage(original, {
    mutate,
    async read(bytes) {
      // What is mapped must not change.
      const copy = `${damaged}.copy`;
      cpSync(damaged, copy, { recursive: true, force: true });
      writeFileSync(join(copy, `${name}.new`), bytes);
      renameSync(join(copy, `${name}.new`), join(copy, name));
      const corpus = openCorpus(copy);
      const isIntact = await corpus.verify().then(
        () => true,
        error => {
          if (error instanceof UserError) return false;
          throw error;
        },
      );
      if (isIntact && name.endsWith('.bin')) expect(bytes.equals(original)).toBe(true);
      const { documents, tokens } = corpus.split('train');
      corpus.split('train').read(0, tokens);
      for (let i = 0; i < Math.min(documents, 100); i++) corpus.split('train').document(i);
    },
  });
  expectBoth(outcome);
});
