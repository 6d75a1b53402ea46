/** `data.augment`: rows that are another variant in each epoch, and a run that goes on with the same ones. */
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { resumeRun, startRun } from '../../src/runs/run.ts';
import { openSource } from '../../src/runs/run-source.ts';
import { byteTokenizer, errorOf, randomText, writeFiles } from '../data/helpers.ts';
import { metricsOf } from '../helpers/runs.ts';
import { tinyRecipe } from '../helpers/tiny.ts';
import { scratchFolder } from '../support/scratch.ts';

const folder = scratchFolder();
const place = (name: string): string => join(folder, name);
const rows = Array.from({ length: 20 }, (_, i) => ({ text: randomText(8, i).replace(/\n/g, ''), label: i % 2 }));
const words = [...new Set(rows.flatMap(({ text }) => text.match(/\w+/g)!))];
writeFiles(folder, {
  'rows.jsonl': rows.map(row => JSON.stringify(row)).join('\n'),
  'synonyms.txt': words.map(word => `${word}\t${word}z`).join('\n'),
  'others.txt': words.map(word => `${word}\t${word}y`).join('\n'),
});
byteTokenizer(place('tokenizer'));

const recipe = (augment: object | undefined) =>
  tinyRecipe('', {
    objective: { name: 'sequence-classification' },
    data: {
      corpus: undefined,
      train: place('rows.jsonl'),
      validation: 0.2,
      tokenizer: place('tokenizer'),
      ...(augment && { augment }),
    },
    model: { family: 'bert', layers: 1, hidden: 16, heads: 2, context: 64 },
    train: { steps: 8, batchSize: 4 },
    evaluation: { every: 4 },
    checkpoints: { every: 0, keep: 1 },
    samples: { prompts: [] },
  });
const eda = { method: 'eda', synonyms: place('synonyms.txt'), alpha: 0.3 };

it('goes on to the same bits where it was stopped', async () => {
  await startRun(recipe(eda), place('whole'));
  await startRun(recipe(undefined), place('plain'));
  const controller = new AbortController();
  const hooks = { onStep: ({ step }: { step: number }) => step === 5 && controller.abort() };
  await startRun(recipe(eda), place('parts'), { signal: controller.signal, hooks });
  await resumeRun(place('parts'));
  const metrics = (run: string) => metricsOf(place(run));
  expect(metrics('parts')).toEqual(metrics('whole'));
  expect(metrics('plain')).not.toEqual(metrics('whole'));
});

it('augments what is learnt from, and not what is held out', async () => {
  const [augmented, plain] = await Promise.all([recipe(eda), recipe(undefined)].map(given => openSource(given)));
  const objective = { name: 'x', rows: 'labelled' } as Parameters<typeof augmented.rowsFor>[0];
  const [a, b] = [augmented.rowsFor(objective), plain.rowsFor(objective)];
  const textsOf = ({ data }: typeof a, epoch: number) =>
    Array.from({ length: data.length }, (_, i) => data.row(i, epoch).text);
  expect(textsOf(a, 0)).not.toEqual(textsOf(b, 0));
  expect(textsOf(a, 1)).not.toEqual(textsOf(a, 0));
  expect(textsOf(b, 1)).toEqual(textsOf(b, 0));
  for (let i = 0; i < a.heldOut.length; i++) expect(a.heldOut.row(i)).toEqual(b.heldOut.row(i));
  const others = await openSource(recipe({ ...eda, synonyms: place('others.txt') }));
  expect(new Set([augmented, plain, others].map(({ fingerprint }) => fingerprint)).size).toBe(3);
});

it('says what synonyms it needs', async () => {
  expect(await errorOf(() => openSource(recipe({ method: 'eda' })))).toMatchObject({
    code: 'TSLM_NO_SYNONYMS',
    exitCode: 2,
  });
  await openSource(recipe({ method: 'eda', operations: ['swap', 'delete'] }));
});
