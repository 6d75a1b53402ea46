/** Models that begin with word vectors. */
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { loadModel } from '../../src/models/auto.ts';
import { startRun } from '../../src/runs/run.ts';
import type { RunStart } from '../../src/runs/run-hooks.ts';
import { readJson } from '../../src/support/files.ts';
import { Tokenizer } from '../../src/tokenizers/tokenizer.ts';
import { errorOf, writeFiles } from '../data/helpers.ts';
import { tinyCorpus, tinyRecipe } from '../helpers/tiny.ts';
import { scratchFolder } from '../support/scratch.ts';

const folder = scratchFolder();
const place = (name: string): string => join(folder, name);
const corpus = tinyCorpus(place('corpus'));
const WIDTH = 16;

/** Vectors of single letters, which are what tokens of bytes spell; those of 'zebra' no token spells. */
const words = ['a', 'e', 'zebra'];
const vectorOf = (word: string, width: number): number[] =>
  Array.from({ length: width }, (_, i) => Math.round(100 * Math.sin(word.charCodeAt(0) * (i + 1))));
const file = (width: number): string => words.map(word => `${word} ${vectorOf(word, width).join(' ')}`).join('\n');
writeFiles(folder, {
  'vectors.txt': `${file(WIDTH)}\n`,
  'wide.txt': `${file(20)}\n`,
  'foreign.txt': `zebra ${vectorOf('z', WIDTH).join(' ')}\n`,
});

const recipeOf = (model: object) =>
  tinyRecipe(corpus, {
    model: { dropout: 0, ...model },
    train: { steps: 1 },
    optimizer: { lr: 1e-12 },
    samples: { prompts: [] },
  });

describe.each(['gpt2', 'llama'])('a new %s model', family => {
  it('takes the rows of its tokens that the file has, and draws the others as before', async () => {
    const runs = [place(`${family}-with`), place(`${family}-without`)];
    let start: RunStart | undefined;
    await startRun(recipeOf({ family, embeddings: place('vectors.txt') }), runs[0], {
      hooks: { onStart: info => (start = info) },
    });
    await startRun(recipeOf({ family }), runs[1]);
    expect(start!.vectors).toEqual({ file: place('vectors.txt'), rows: 257, found: 4 });
    expect(readJson(join(runs[0], 'run.json'))).toMatchObject({ embeddings: { found: 4, rows: 257 } });
    const [table, drawn] = runs.map(run => {
      const model = loadModel(join(run, 'model')).model;
      const [, weight] = [...model.namedParameters()].find(([name]) => /embeddings\.word\.weight$/.test(name))!;
      return weight.toNumbers() as number[];
    });
    const row = (values: ArrayLike<number>, id: number) => Array.from(values).slice(id * WIDTH, (id + 1) * WIDTH);
    const tokenizer = Tokenizer.fromFile(corpus);
    // Capital letters have the vectors of the small ones.
    const taken = ['a', 'e', 'A', 'E'].map(word => tokenizer.encodeIds(word)[0]);
    for (let id = 0; id < 257; id++) {
      if (taken.includes(id)) continue;
      // But for the steps of a rate next to nothing, whose gradients follow from the other rows.
      for (const [i, value] of row(table, id).entries()) expect(value).toBeCloseTo(row(drawn, id)[i], 8);
    }
    // Each is the file's row times one number, with which their spread is that of what was drawn.
    const found = taken.flatMap(id => row(table, id));
    const given = ['a', 'e', 'a', 'e'].flatMap(word => vectorOf(word, WIDTH));
    const rms = (values: number[]) => Math.sqrt(values.reduce((sum, x) => sum + x * x, 0) / values.length);
    const scale = rms(found) / rms(given);
    for (const [i, value] of found.entries()) expect(value).toBeCloseTo(given[i] * scale, 6);
    expect(rms(found) / rms(drawn)).toBeCloseTo(1, 1);
  });
});

describe('word vectors are refused', () => {
  it.each([
    ['of another width', { embeddings: place('wide.txt') }, 'TSLM_VECTOR_SIZE', /model\.hidden=20.*--dimension 16/],
    ['of other words', { embeddings: place('foreign.txt') }, 'TSLM_NO_WORDS', /same language/],
    ['that are not there', { embeddings: place('none.txt') }, 'TSLM_ENOENT', /path/],
  ])('%s', async (_, model, code, hint) => {
    const error = await errorOf(() => startRun(recipeOf(model), place(code)));
    expect(error).toMatchObject({ code, hint: expect.stringMatching(hint) });
  });

  it('beside a model that is there', () => {
    expect(() => tinyRecipe(corpus, { model: { from: 'x', embeddings: place('vectors.txt') } })).toThrow(
      /'model.from' and 'model.embeddings' are both given/,
    );
  });
});
