/** Rows that worker threads encode ahead of a run. */
import { truncateSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { readMetrics } from '../../src/runs/metrics-log.ts';
import { startRun } from '../../src/runs/run.ts';
import { trainTokenizer } from '../../src/tokenizers/training/train.ts';
import { errorOf, randomText, writeFiles } from '../data/helpers.ts';
import { traceOf } from '../helpers/runs.ts';
import { tinyCorpus, tinyRecipe } from '../helpers/tiny.ts';
import { scratchFolder } from '../support/scratch.ts';

const folder = scratchFolder();
const place = (name: string): string => join(folder, name);
const corpus = tinyCorpus(place('corpus'));

beforeAll(async () => {
  const tokenizer = await trainTokenizer([randomText(500, 1)], {
    vocabSize: 300,
    specialTokens: ['[PAD]', '[CLS]', '[SEP]', '[MASK]'],
  });
  tokenizer.save(place('tokenizer'));
});

describe('a run', () => {
  it('writes the same with any number of them, whose work the loop does not wait for in vain', async () => {
    const runOf = async (workers: number | 'auto') => {
      const out = place(`workers-${workers}`);
      await startRun(tinyRecipe(corpus, { data: { workers } }), out);
      const waits = readMetrics(join(out, 'metrics.jsonl')).flatMap(({ wait }) => wait ?? []);
      expect(waits.length).toBe(12);
      expect(waits.every(wait => wait >= 0 && wait < 1)).toBe(true);
      return traceOf(out);
    };
    const alone = await runOf(0);
    for (const workers of [1, 3, 'auto'] as const) expect(await runOf(workers)).toEqual(alone);
  });

  it('fails at a bad row with the line that it has in the loop', async () => {
    const lines = Array.from({ length: 40 }, (_, i) =>
      JSON.stringify({ text: randomText(5, i), label: i === 17 ? 'x' : 0 }),
    );
    writeFiles(folder, { 'rows.jsonl': lines.join('\n') });
    const errors = await Promise.all(
      [0, 2].map(workers => {
        const recipe = tinyRecipe(corpus, {
          objective: { name: 'sequence-classification' },
          data: {
            corpus: undefined,
            train: place('rows.jsonl'),
            validation: 0.1,
            tokenizer: place('tokenizer'),
            workers,
          },
          model: { family: 'bert', context: 24 },
          samples: { prompts: [] },
          train: { steps: 40 },
          seed: 1,
        });
        return errorOf(() => startRun(recipe, place(`bad-${workers}`)));
      }),
    );
    expect(errors[0]).toMatchObject({ code: 'TSLM_NO_LABEL', exitCode: 2, hint: expect.stringContaining('LABEL_1') });
    const { code, message, hint, exitCode } = errors[0];
    expect(errors[1]).toMatchObject({ code, message, hint, exitCode });
  });

  it('says which file of its corpus was shortened under a thread, and how to go on', async () => {
    const torn = tinyCorpus(place('torn'), { train: Array.from({ length: 400 }, (_, i) => randomText(12, i)) });
    const recipe = tinyRecipe(torn, { data: { workers: 1 }, train: { steps: 400 }, samples: { prompts: [] } });
    const onStep = ({ step }: { step: number }) => step === 3 && truncateSync(join(torn, 'train-00000.bin'), 100);
    const error = await errorOf(() => startRun(recipe, place('on-torn'), { hooks: { onStep } }));
    expect(error).toMatchObject({ code: 'TSLM_FILE_CHANGED', hint: expect.stringContaining('tslm resume') });
    expect(error.message).toContain('train-00000.bin');
  });
});
