/** The commands at work, as processes: what goes to stdout, what goes to stderr, and what a machine can rely on. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { openCorpus } from '../../src/data/corpus/corpus.ts';
import { perplexity } from '../../src/evaluate/perplexity.ts';
import { loadModel } from '../../src/models/auto.ts';
import { randomText } from '../data/helpers.ts';
import { bin, runProcess, tslm, tslmHere, tslmJson } from '../helpers/cli.ts';
import { describeLong, itLong } from '../helpers/long.ts';
import { EOS, tinyCorpus, tinyRecipeValue } from '../helpers/tiny.ts';
import { scratchFolder } from '../support/scratch.ts';

const folder = scratchFolder();
const place = (...names: string[]): string => join(folder, ...names);
const corpus = place('corpus');
const recipe = place('recipe.yaml');
const model = place('run');

beforeAll(async () => {
  tinyCorpus(corpus);
  writeFileSync(recipe, stringify(tinyRecipeValue(corpus, { train: { steps: 20 }, model: { context: 32 } })));
  const { code, stderr } = await tslm(['train', recipe, '--out', model]);
  expect(code, stderr).toBe(0);
});

describe('train and resume', () => {
  it('print results on stdout and what happens on stderr, without control characters in a pipe', async () => {
    const { stdout, stderr } = await tslm(['train', recipe, '--out', place('second')]);
    expect(stdout).toMatch(/^finished {2}step 20, /);
    expect(stdout).toContain(`${place('second')}/model`);
    expect(stdout).not.toContain('training');
    expect(stderr).toMatch(/^training .* parameters in float32: 20 steps/);
    expect(stdout + stderr).not.toMatch(/[\r\x1b]/);
  });

  it('--json is one object on stdout, and stderr stays empty', async () => {
    const { stdout, stderr, code } = await tslm([
      'train',
      recipe,
      '--out',
      place('third'),
      '--json',
      '--set',
      'seed=7',
      '--set',
      'train.steps=3',
    ]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(JSON.parse(stdout)).toMatchObject({
      folder: place('third'),
      step: 3,
      finished: true,
      parameters: expect.any(Number),
      best: { step: 3, loss: expect.any(Number) },
      tokens: 3 * 2 * 32,
      seconds: expect.any(Number),
      report: join(place('third'), 'report.html'),
    });
    expect(readFileSync(place('third', 'report.html'), 'utf8')).toContain('<!doctype html>');
    expect(await tslmJson(['resume', place('third')])).toMatchObject({ step: 3, finished: true });
  });

  it('go to runs/<name> when no folder is given', async () => {
    expect(await tslmJson(['train', recipe, '--set', 'train.steps=1'], { cwd: folder })).toMatchObject({
      folder: 'runs/tiny',
    });
  });
});

describe('evaluate', () => {
  it('gives the numbers of the library, on the split that was asked for', async () => {
    const split = openCorpus(corpus).split('test');
    const { model: network } = loadModel(join(model, 'model'));
    const numbers = { startToken: EOS, stride: 8, context: 16, limit: 300 };
    // Documents apart, as the model was trained, unless something else is asked for.
    const [expected, stream] = (['documents', 'stream'] as const).map(packing =>
      perplexity(network, split, { ...numbers, packing }),
    );
    const options = ['--split', 'test', '--stride', '8', '--context', '16', '--limit', '300'];
    const result = await tslmJson(['evaluate', model, '--data', corpus, ...options]);
    const told = { model: join(model, 'model'), data: corpus, split: 'test' };
    expect(result).toEqual({ ...told, packing: 'documents', ...expected });
    expect(stream.loss).not.toBe(expected.loss);
    expect(await tslmJson(['evaluate', model, '--data', corpus, ...options, '--packing', 'stream'])).toEqual({
      ...told,
      packing: 'stream',
      ...stream,
    });
    expect(Object.keys(expected)).toEqual([
      ...['loss', 'perplexity', 'bitsPerByte', 'bitsPerCharacter', 'tokens', 'unknown', 'bytes', 'characters'],
    ]);
  });

  it('prints a table for a person and nothing else', async () => {
    const { stdout, stderr } = await tslm(['evaluate', model, '--data', corpus, '--precision', 'bf16']);
    expect(stderr).toBe('');
    expect(stdout).toMatch(/^loss .*\nperplexity .*\nbits per byte .*\ntokens .*\n$/);
  });
});

describe('generate', () => {
  const generate = (...args: string[]) => tslmHere(['generate', model, '--max-new-tokens', '12', ...args]);

  it('prints the prompt and its continuation', async () => {
    const { stdout, stderr, code } = await tslm(['generate', model, '--prompt', 'ba ce', '--max-new-tokens', '12']);
    expect({ code, stderr }).toEqual({
      code: 0,
      stderr: expect.stringMatching(/^note: --seed \d+ draws the same again\n$/),
    });
    expect(stdout).toMatch(/^ba ce[\s\S]*\n$/);
    const again = await generate('--prompt', 'ba ce', '--seed', /\d+/.exec(stderr)![0]);
    expect(again).toMatchObject({ stdout, stderr: '' });
    expect(stdout.length).toBeGreaterThan('ba ce\n'.length);
  });

  it('streams: the text comes in pieces, not at the end', async () => {
    const lengths = new Set<number>();
    await tslm(['generate', model, '--prompt', 'b', '--max-new-tokens', '30', '--top-k', '5'], {
      onOutput: (_, stdout) => lengths.add(stdout.length),
    });
    expect(lengths.size).toBeGreaterThan(2);
  });

  it('repeats itself with a seed, and not with another', async () => {
    const [a, b, c] = [
      await generate('--prompt', 'ba', '--seed', '1'),
      await generate('--prompt', 'ba', '--seed', '1'),
      await generate('--prompt', 'ba', '--seed', '2'),
    ];
    expect(b.stdout).toBe(a.stdout);
    expect(c.stdout).not.toBe(a.stdout);
    const greedy = [
      await generate('--prompt', 'ba', '--greedy', '--seed', '1'),
      await generate('--prompt', 'ba', '--temperature', '0', '--seed', '2'),
    ];
    expect(greedy[1].stdout).toBe(greedy[0].stdout);
  });

  it('--json tells prompts, texts, ids and why it stopped', async () => {
    const { stdout } = await generate('--prompt', 'ba', '--prompt', 'ce di', '--json', '--seed', '3');
    const { results, ...rest } = JSON.parse(stdout);
    expect(rest).toEqual({ model: join(model, 'model'), seed: 3 });
    expect(results).toHaveLength(2);
    for (const [i, result] of results.entries()) {
      expect(Object.keys(result)).toEqual(['prompt', 'text', 'ids', 'stop', 'seed']);
      expect(result.seed).toBe(3 + i); // each text has its own, which draws it again alone
      expect(result.prompt).toBe(['ba', 'ce di'][i]);
      expect(result.ids.length).toBeLessThanOrEqual(12);
      expect(['eos', 'maxLength']).toContain(result.stop);
    }
  });

  it('takes several prompts, each as if it were alone', async () => {
    const together = JSON.parse(
      (await generate('--prompt', 'ba', '--prompt', 'ce di fo', '--greedy', '--json')).stdout,
    ).results;
    const alone = JSON.parse((await generate('--prompt', 'ce di fo', '--greedy', '--json')).stdout).results;
    expect(together[1]).toEqual(alone[0]);
    const { stdout } = await generate('--prompt', 'ba', '--prompt', 'ce di fo', '--greedy');
    expect(stdout).toContain(`ba${together[0].text}\n`);
    expect(stdout).toContain(`ce di fo${alone[0].text}\n`);
  });

  it('searches with beams and shows their scores', async () => {
    const args = ['--prompt', 'ba', '--prompt', 'ce di', '--num-beams', '4', '--num-return-sequences', '2'];
    const more = ['--length-penalty', '0.5', '--early-stopping', 'never'];
    const { results } = JSON.parse((await generate(...args, ...more, '--json')).stdout);
    expect(results.map(({ prompt }: { prompt: string }) => prompt)).toEqual(['ba', 'ba', 'ce di', 'ce di']);
    for (const [i, { score, text }] of results.entries()) {
      expect(score).toBeLessThan(i % 2 === 0 ? 0 : results[i - 1].score);
      expect(text).not.toBe(results[i ^ 1].text);
    }
    const { stdout } = await generate(...args, ...more);
    expect(stdout).toContain(`ba${results[1].text}\n`);
    // Nothing is drawn, whatever the seed.
    const [best] = JSON.parse(
      (await generate('--prompt', 'ba', '--num-beams', '4', '--seed', '9', '--json')).stdout,
    ).results;
    expect((await generate('--prompt', 'ba', '--num-beams', '4')).stdout).toBe(`ba${best.text}\n`);
    const refused = await generate('--prompt', 'ba', '--greedy', '--length-penalty', '2');
    expect(refused).toMatchObject({
      code: 2,
      stderr: expect.stringContaining("'lengthPenalty' has no effect without beams"),
    });
  });

  it('ends before a stop string, and when the context is full', async () => {
    const greedy = JSON.parse((await generate('--prompt', 'ba', '--greedy', '--json')).stdout).results[0];
    const stop = greedy.text.slice(2, 4);
    const stopped = JSON.parse((await generate('--prompt', 'ba', '--greedy', '--json', '--stop', stop)).stdout)
      .results[0];
    expect(stopped).toMatchObject({ stop: 'stopString', text: greedy.text.slice(0, greedy.text.indexOf(stop)) });
    const { stdout } = await generate('--prompt', 'b'.repeat(30), '--json', '--greedy');
    expect(JSON.parse(stdout).results[0]).toMatchObject({ stop: 'context' });
  });

  itLong('reads the prompt from a file or from standard input, however slowly it comes', async () => {
    writeFileSync(place('prompt.txt'), 'ba ce\n');
    const expected = (await generate('--prompt', 'ba ce', '--seed', '5')).stdout;
    expect((await generate('--prompt-file', place('prompt.txt'), '--seed', '5')).stdout).toBe(expected);
    const args = ['generate', model, '--max-new-tokens', '12', '--seed', '5'];
    expect((await tslm([...args, '--prompt-file', '-'], { stdin: 'ba ce\n' })).stdout).toBe(expected);
    const slow = `(sleep 1; printf 'ba '; sleep 1; echo ce) | "$0" "$@"`;
    const piped = await runProcess('sh', ['-c', slow, process.execPath, bin, ...args]);
    expect(piped).toMatchObject({ code: 0, stdout: expected, stderr: '' });
  });
});

describeLong('a reader that has seen enough', () => {
  it.each([
    // With a seed: without one, what was drawn is noted on stderr if the reader is still there by then.
    ['generate', () => ['generate', model, '--prompt', 'ba\nce', '--max-new-tokens', '25', '--seed', '1']],
    [
      '--json',
      () => [
        'generate',
        model,
        ...Array.from({ length: 300 }, () => ['--prompt', 'ba']).flat(),
        '--max-new-tokens',
        '2',
        '--seed',
        '1',
        '--json',
      ],
    ],
    ['--help', () => ['prepare', '--help']],
  ] as const)('ends %s in silence', async (_, args) => {
    const script = `"$0" "$@" | head -n 1; echo "code \${PIPESTATUS[0]}"`;
    const { stdout, stderr } = await runProcess('bash', ['-c', script, process.execPath, bin, ...args()]);
    expect(stderr).toBe('');
    expect(stdout).toMatch(/^.*\ncode 0\n$/);
  });

  it('of the progress does not end a training', async () => {
    const run = place('unwatched');
    const script = `"$0" "$@" 2> >(head -n 1 >/dev/null)`;
    const args = ['train', recipe, '--out', run, '--set', 'evaluation.every=1'];
    const { code, stdout } = await runProcess('bash', ['-c', script, process.execPath, bin, ...args]);
    expect(code).toBe(0);
    expect(stdout).toContain('finished  step 20');
  });
});

describe('doctor', () => {
  it('--json says what is installed and how fast it is', async () => {
    expect(await tslmJson(['doctor'])).toEqual({
      tslm: expect.stringMatching(/^\d+\.\d+\.\d+/),
      node: process.version,
      libtorch: {
        version: expect.stringMatching(/^\d+\.\d+/),
        source: expect.any(String),
        folder: expect.stringMatching(/^\//),
      },
      blas: expect.any(String),
      openblasCoreType: expect.toSatisfy(value => value === null || typeof value === 'string'),
      cpu: { model: expect.any(String), cores: expect.any(Number), flags: expect.any(Array) },
      threads: 1,
      devices: expect.arrayContaining(['cpu']),
      matmul: expect.objectContaining({ cpu: { float32: expect.any(Number), bfloat16: expect.any(Number) } }),
      tier: expect.any(String),
      linearMaps: { float32: expect.any(Number), bfloat16: expect.any(Number), int8: expect.any(Number) },
      int8Tier: expect.stringMatching(/^(vnni|avx2|dotprod|plain loops)$/),
      trainingPrecision: expect.stringMatching(/^(bf16|float32)$/),
      advice: expect.any(Array),
    });
  });
});

describe('prepare, tokenizer and ngram', () => {
  it('--json is one object on stdout, and stderr is empty in a pipe', async () => {
    const text = place('text.txt');
    writeFileSync(text, Array.from({ length: 40 }, (_, i) => randomText(20, i)).join('\n\n'));
    const commands = [
      ['prepare', text, '--out', place('prepared'), '--vocab-size', '300', '--document', 'paragraph'],
      ['tokenizer', 'train', text, '--out', place('tokenizer'), '--vocab-size', '300'],
      ['tokenizer', 'encode', place('tokenizer'), 'ba ce'],
      ['tokenizer', 'decode', place('tokenizer'), '1', '2'],
      ['tokenizer', 'inspect', place('tokenizer')],
      ['tokenizer', 'compare', place('tokenizer'), corpus, '--text', text],
      ['ngram', 'train', place('prepared'), '--out', place('ngram'), '--order', '2'],
      ['ngram', 'evaluate', place('ngram'), '--data', place('prepared')],
      ['ngram', 'generate', place('ngram'), '--tokens', '5'],
    ];
    for (const args of commands) {
      const { code, stdout, stderr } = await tslmHere([...args, '--json']);
      expect({ args, code, stderr }).toEqual({ args, code: 0, stderr: '' });
      expect(JSON.parse(stdout), args.join(' ')).not.toBeInstanceOf(Array);
    }
  });
});
