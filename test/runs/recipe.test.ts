import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse, stringify } from 'yaml';
import { parseRecipe, readRecipe, resolvedRecipe, scheduleOf } from '../../src/runs/recipe.ts';
import { computeDtype } from '../../src/train/precision.ts';
import { scratchFolder } from '../support/scratch.ts';

const folder = scratchFolder();
const least = { name: 'least', data: { corpus: 'c' }, train: { steps: 10 } };
const refusal = (code: string, message: string | RegExp, hint?: string | RegExp) =>
  expect.objectContaining({
    code,
    exitCode: 2,
    message: typeof message === 'string' ? message : expect.stringMatching(message),
    ...(hint !== undefined && { hint: expect.stringMatching(hint) }),
  });

describe('a recipe', () => {
  it('needs a name, a corpus and steps; the rest has defaults', () => {
    expect(parseRecipe(least, 'r')).toMatchObject({
      seed: 1337,
      model: { family: 'gpt2', layers: 6, dropout: 0 },
      train: { steps: 10, batchSize: 16, gradientAccumulation: 1, precision: 'auto', clipGradNorm: 1, device: 'cpu' },
      optimizer: { name: 'adamw', betas: [0.9, 0.95], weightDecay: 0.1 },
      log: { every: 10, tensorboard: true },
    });
    for (const key of ['name', 'data', 'train'] as const) {
      const { [key]: _, ...without } = least;
      expect(() => parseRecipe(without, 'r')).toThrow(refusal('TSLM_MISSING_KEY', `r: '${key}' is missing`));
    }
  });

  it('as resolved reads back to the same', () => {
    const recipe = parseRecipe(least, 'r', ['samples.prompts=["\\n", "話說", "a: b"]', 'optimizer.eps=1e-9']);
    expect(parseRecipe(parse(stringify(resolvedRecipe(recipe))), 'again')).toEqual(recipe);
  });

  it('names the nearest neighbour of an unknown key, wherever it is', () => {
    const unknown = (changes: object) => () => parseRecipe({ ...least, ...changes }, 'r.yaml');
    expect(unknown({ optimiser: {} })).toThrow(
      refusal('TSLM_UNKNOWN_KEY', "r.yaml: unknown key 'optimiser'", /^did you mean 'optimizer'\?$/),
    );
    expect(unknown({ optimizer: { learningrate: 1 } })).toThrow(
      refusal('TSLM_UNKNOWN_KEY', /'optimizer.learningrate'/),
    );
    expect(unknown({ train: { steps: 1, batchsize: 1 } })).toThrow(
      refusal('TSLM_UNKNOWN_KEY', "r.yaml: unknown key 'train.batchsize'", /'train\.batchSize'/),
    );
    expect(unknown({ model: { layer: 1 } })).toThrow(refusal('TSLM_UNKNOWN_KEY', /'model.layer'/, /'model\.layers'/));
  });

  it('says where a value is wrong', () => {
    const wrong = (override: string) => () => parseRecipe(least, 'r.yaml', [override]);
    for (const [override, path] of [
      ['train.steps=0', 'train.steps'],
      ['train.steps=many', 'train.steps'],
      ['train.precision=fp16', 'train.precision'],
      ['optimizer.betas=[0.9]', 'optimizer.betas'],
      ['optimizer.betas=[0.9, 1]', 'optimizer.betas.1'],
      ['model.dropout=2', 'model.dropout'],
      ['name=../escape', 'name'],
      ['samples.prompts=text', 'samples.prompts'],
    ]) {
      expect(wrong(override), override).toThrow(refusal('TSLM_BAD_VALUE', new RegExp(`^r\\.yaml: '${path}': `)));
    }
  });

  it('takes for an optimizer what that optimizer has, and nothing else', () => {
    const optimizer = (value: object) => parseRecipe({ ...least, optimizer: value }, 'r').optimizer;
    expect(optimizer({ name: 'muon' })).toEqual({
      name: 'muon',
      lr: 1e-3,
      betas: [0.9, 0.95],
      eps: 1e-8,
      weightDecay: 0.1,
      momentum: 0.95,
    });
    expect(optimizer({ name: 'sgd', momentum: 0.9, nesterov: true })).toMatchObject({ dampening: 0, weightDecay: 0 });
    expect(optimizer({ name: 'lion' })).toMatchObject({ betas: [0.9, 0.99] });
    expect(optimizer({ name: 'adafactor' })).toMatchObject({ lr: 0.01, scaleParameter: true, relativeStep: false });
    expect(optimizer({ name: 'adafactor', relativeStep: true })).toMatchObject({ lr: 1 });
    for (const [value, key, nearest] of [
      [{ beta: [0.9, 0.95] }, 'beta', 'betas'],
      [{ name: 'adamw', momentum: 0.9 }, 'momentum', undefined],
      [{ name: 'sgd', weight_decay: 0.9 }, 'weight_decay', 'weightDecay'],
      [{ name: 'sgd', nestrov: true }, 'nestrov', 'nesterov'],
      [{ name: 'lion', eps: 1 }, 'eps', undefined],
      [{ name: 'adafactor', clip_threshold: 1 }, 'clip_threshold', 'clipThreshold'],
      [{ name: 'adafactor', betas: [0.9, 0.99] }, 'betas', 'beta1'],
    ] as const) {
      expect(() => optimizer(value), key).toThrow(
        refusal(
          'TSLM_UNKNOWN_KEY',
          `r: unknown key 'optimizer.${key}'`,
          nearest === undefined ? /./ : `did you mean 'optimizer.${nearest}'?`.replaceAll(/[.?]/g, '\\$&'),
        ),
      );
    }
    expect(() => optimizer({ name: 'adamv' })).toThrow(
      refusal('TSLM_BAD_VALUE', "r: 'optimizer.name': 'adamv' is not known", /^did you mean 'adamw'\?$/),
    );
    expect(() => optimizer({ name: 'sgd', nesterov: true })).toThrow(
      refusal('TSLM_BAD_VALUE', /^r: 'optimizer\.nesterov': nesterov needs a momentum/),
    );
  });

  it('checks its schedule at once', () => {
    const schedule = (value: object) => parseRecipe({ ...least, schedule: value }, 'r');
    expect(() => schedule({ name: 'cosin' })).toThrow(refusal(expect.any(String), /'cosin'/, /cosine/));
    expect(() => schedule({ name: 'cosine', numWarmupStep: 1 })).toThrow(/numWarmupStep/);
    const rate = scheduleOf(schedule({ name: 'linear', numWarmupSteps: 2 }));
    expect([0, 1, 2, 10].map(rate)).toEqual([0, 0.0005, 0.001, 0]);
  });

  it('from a model takes no sizes beside it, and keeps none', () => {
    const from = { ...least, model: { from: 'runs/parent' } };
    expect(resolvedRecipe(parseRecipe(from, 'r')).model).toEqual({ from: 'runs/parent' });
    expect(() => parseRecipe(from, 'r', ['model.layers=3'])).toThrow(
      refusal('TSLM_CONTRADICTION', /'model.from' and 'model.layers'/),
    );
  });

  it('in bf16 means what it says; auto looks at the processor', () => {
    const dtype = (precision: string) => computeDtype(parseRecipe(least, 'r', [`train.precision=${precision}`]).train);
    expect(dtype('bf16')).toBe('bfloat16');
    expect(dtype('float32')).toBe('float32');
    expect(['float32', 'bfloat16']).toContain(dtype('auto'));
  });
});

describe('overrides', () => {
  const set = (...overrides: string[]) => parseRecipe(least, 'r', overrides);

  it('reach any key, also of sections that the file lacks, with values as YAML', () => {
    expect(
      set('train.steps=20', 'model.layers=3', 'optimizer.betas=[0.8, 0.9]', 'log.tensorboard=false'),
    ).toMatchObject({
      train: { steps: 20, batchSize: 16 },
      model: { layers: 3 },
      optimizer: { betas: [0.8, 0.9] },
      log: { tensorboard: false },
    });
    expect(set('samples.prompts=["a = b", "c"]').samples.prompts).toEqual(['a = b', 'c']);
    expect(set('schedule={name: constant}').schedule).toEqual({ name: 'constant' });
    expect(set('train.steps=1', 'train.steps=2').train.steps).toBe(2);
  });

  it('leave what they are laid over alone', () => {
    const value = structuredClone(least);
    parseRecipe(value, 'r', ['train.steps=99']);
    expect(value).toEqual(least);
  });

  it('that cannot be meant are refused', () => {
    const bad = (code: string, message: RegExp) => refusal(code, message);
    expect(() => set('train.steps')).toThrow(bad('TSLM_BAD_OVERRIDE', /--set train\.steps: no value/));
    expect(() => set('=3')).toThrow(bad('TSLM_BAD_OVERRIDE', /no value/));
    expect(() => set('name.first=x')).toThrow(bad('TSLM_BAD_OVERRIDE', /'name' is no section/));
    expect(() => set('train.step=3')).toThrow(refusal('TSLM_UNKNOWN_KEY', /'train\.step'/, /'train\.steps'/));
    expect(() => set('samples.prompts=[a')).toThrow(bad('TSLM_BAD_YAML', /--set samples\.prompts=\[a/));
    expect(() => set('train.steps.more=3')).toThrow(bad('TSLM_BAD_OVERRIDE', /'steps' is no section/));
  });
});

describe('a recipe file', () => {
  const write = (name: string, text: string | Uint8Array): string => {
    const path = join(folder, name);
    writeFileSync(path, text);
    return path;
  };

  it('is named in what is wrong with it', () => {
    const missing = join(folder, 'missing.yaml');
    expect(() => readRecipe(missing)).toThrow(
      expect.objectContaining({ code: 'TSLM_ENOENT', message: expect.stringContaining(missing) }),
    );
    const cases: [string, string | Uint8Array, string][] = [
      ['empty.yaml', '', 'TSLM_MISSING_KEY'],
      ['list.yaml', '- a\n- b\n', 'TSLM_BAD_RECIPE'],
      ['text.yaml', 'just words\n', 'TSLM_BAD_RECIPE'],
      ['broken.yaml', 'name: [a\ntrain: }', 'TSLM_BAD_YAML'],
      ['twice.yaml', 'name: a\nname: b\n', 'TSLM_BAD_YAML'],
      ['binary.yaml', Uint8Array.from({ length: 256 }, (_, i) => 255 - i), expect.any(String) as unknown as string],
    ];
    for (const [name, text, code] of cases) {
      const path = write(name, text);
      expect(() => readRecipe(path), name).toThrow(
        expect.objectContaining({ code, name: 'UserError', message: expect.stringContaining(path) }),
      );
    }
  });
});

describe('what a recipe would not read', () => {
  const recipe =
    (data: object, more: object = {}) =>
    () =>
      parseRecipe({ name: 'x', data, train: { steps: 1 }, ...more }, 'x.yaml');

  it.each([
    ['data.validation', { corpus: 'c', validation: 0.1 }],
    ['data.columns', { corpus: 'c', columns: { text: 'body' } }],
    ['data.skipBad', { corpus: 'c', skipBad: true }],
    ['data.tokenizer', { corpus: 'c', tokenizer: 't' }],
    ['data.augment', { corpus: 'c', augment: { method: 'eda', operations: ['swap'] } }],
    ['data.packing', { train: 'rows.jsonl', packing: 'stream' }],
  ])('%s is refused where nothing reads it', (key, data) => {
    expect(recipe(data)).toThrow(`x.yaml: '${key}' is for`);
  });

  it('rows are augmented by EDA, in batches of rows, with one kind of synonyms', () => {
    const eda = { method: 'eda', synonyms: 's.txt' };
    const objective = { objective: { name: 'sequence-classification' } };
    const parsed = recipe({ train: 'rows.jsonl', augment: eda }, objective)();
    expect(parsed.data.augment).toMatchObject({ alpha: 0.1, probability: 0.9, operations: { length: 4 } });
    const refused: [object, string][] = [
      [{ ...eda, vectors: 'v' }, "'data.augment': synonyms and vectors are both given"],
      [{ method: 'back-translation' }, "'data.augment.method': rows are augmented by eda"],
      [{ ...eda, operations: ['shuffle'] }, "'shuffle' is not known"],
      [{ ...eda, alfa: 0.2 }, "unknown key 'data.augment.alfa'"],
    ];
    for (const [augment, message] of refused) expect(recipe({ train: 'rows.jsonl', augment })).toThrow(message);
    const tokens = { ...objective, train: { steps: 1, batchTokens: 100 } };
    expect(recipe({ train: 'rows.jsonl', augment: eda }, tokens)).toThrow("'train.batchTokens' needs them beforehand");
  });

  it('so are documents apart for other objectives, and a split of rows', () => {
    const masked = { objective: { name: 'masked' } };
    expect(recipe({ corpus: 'c', packing: 'documents' }, masked)).toThrow(
      "'data.packing' is for the objectives 'causal', 'masked-next-token', 'multi-token'",
    );
    expect(recipe({ corpus: 'c', packing: 'stream' }, masked)).not.toThrow();
    const test = { evaluation: { split: 'test' } };
    expect(recipe({ train: 'rows.jsonl' }, test)).toThrow("'evaluation.split' is for a corpus");
    expect(recipe({ corpus: 'c' }, test)).not.toThrow();
  });
});
