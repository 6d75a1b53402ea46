/** What each command makes of bad input: one line and a hint, the right exit code, and nothing lost. */
import { copyFileSync, cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { startRun } from '../../src/runs/run.ts';
import { expectRefusal, tslmHere } from '../helpers/cli.ts';
import { tinyCorpus, tinyRecipe, tinyRecipeValue } from '../helpers/tiny.ts';
import { scratchFolder } from '../support/scratch.ts';

const folder = scratchFolder();
const place = (...names: string[]): string => join(folder, ...names);
const run = (...args: string[]) => tslmHere(args);
const home = process.cwd();

beforeAll(async () => {
  process.chdir(folder);
  tinyCorpus(place('corpus'));
  await startRun(tinyRecipe(place('corpus'), { train: { steps: 2 } }), place('run'));
  writeFileSync(place('recipe.yaml'), stringify(tinyRecipeValue('corpus', { train: { steps: 2 } })));
  writeFileSync(place('empty'), '');
  writeFileSync(
    place('binary'),
    Uint8Array.from({ length: 3000 }, (_, i) => (i * 89) ^ (i >> 3)),
  );
  writeFileSync(place('rows.jsonl'), '{"text": "one"}\n{"text": "two"}\n');
  writeFileSync(place('rows.csv'), 'text,label\none,1\ntwo,2\n');
  mkdirSync(place('no-model-yet'));
  copyFileSync(place('run', 'recipe.yaml'), place('no-model-yet', 'recipe.yaml'));
});

afterAll(() => process.chdir(home));

describe('train', () => {
  it.each([
    [['nothing.yaml'], 1, /nothing\.yaml: no such file/],
    [['corpus'], 1, /corpus: is a folder/],
    [['empty'], 2, /empty: 'name' is missing/],
    [['binary'], 2, /binary: /],
    [['recipe.yaml', '--set', 'train.step=3'], 2, /unknown key 'train\.step'/],
    [['recipe.yaml', '--set', 'train.steps'], 2, /no value given/],
    [['recipe.yaml', '--set', 'train.device=gpu'], 2, /no device 'gpu'/],
    [['recipe.yaml', '--set', 'data.corpus=nothing'], 1, /nothing: no corpus here/],
    [['recipe.yaml', '--set', 'data.corpus=empty'], 1, /empty: no corpus here/],
    [['recipe.yaml', '--set', 'model={from: nothing}'], 2, /nothing: no model here/],
    [['recipe.yaml', '--set', 'model.from=run', '--set', 'model.layers=3'], 2, /'model\.from' and 'model\.layers'/],
    [['recipe.yaml', '--set', 'model.from=run', '--set', 'model.context=17'], 2, /is 17.* in run sees 16 tokens/],
    [
      ['recipe.yaml', '--set', 'schedule={name: linear, numWarmupSteps: 3}'],
      2,
      /numWarmupSteps' is 3.*'train\.steps' 2/,
    ],
    [['recipe.yaml', '--out', 'run'], 2, /run: there is something in this folder/],
    [['recipe.yaml', '--out', 'empty'], 1, /empty: .*a file, a folder was expected/],
    [['recipe.yaml', '--out', 'empty/below'], 1, /empty\/below: .*a file, a folder was expected/],
    [['recipe.yaml', '--out', '/proc/tslm/run'], 1, /\/proc\/tslm\/run: /],
  ] as const)('%j', async (args, code, message) => {
    expectRefusal(
      await run('train', ...((args as readonly string[]).includes('--out') ? args : [...args, '--out', 'new'])),
      code,
      message,
    );
    expect(existsSync(place('new'))).toBe(false);
  });
});

describe('a corpus', () => {
  it('that is damaged is named, file by file', async () => {
    cpSync(place('corpus'), place('damaged'), { recursive: true });
    const shard = place('damaged', 'train-00000.bin');
    const whole = readFileSync(shard);
    writeFileSync(shard, whole.subarray(0, -10));
    const train = () => run('train', 'recipe.yaml', '--out', 'new', '--set', 'data.corpus=damaged');
    expectRefusal(await train(), 1, /damaged\/train-00000\.bin: has \d+ bytes, corpus\.json says \d+/);
    rmSync(shard);
    expectRefusal(await train(), 1, /damaged\/train-00000\.bin: is missing/);
    writeFileSync(shard, new Uint8Array(whole.length).fill(0xff));
    const outside = await train();
    expect(outside.code).toBe(1);
    expect(outside.stderr).toMatch(
      /\ntslm: damaged\/train-00000\.bin: token 65535 is not in the vocabulary of 257\n {2}→ /,
    );
    rmSync(place('new'), { recursive: true });
    writeFileSync(shard, whole);
    const index = readFileSync(place('damaged', 'corpus.json'), 'utf8');
    writeFileSync(place('damaged', 'corpus.json'), index.slice(0, 100));
    expectRefusal(await run('evaluate', 'run', '--data', 'damaged'), 1, /damaged\/corpus\.json: not valid JSON/);
    writeFileSync(place('damaged', 'corpus.json'), index.replace('"format":1', '"format":1,"extra":2'));
    expectRefusal(await run('evaluate', 'run', '--data', 'damaged'), 2, /corpus\.json: unknown key 'extra'/);
    expect(existsSync(place('new'))).toBe(false);
  });

  it('of another tokenizer is refused by evaluate and by resume', async () => {
    const { tokenizerHash } = await import('../../src/data/corpus/tokenizer-hash.ts');
    cpSync(place('corpus'), place('other'), { recursive: true });
    const tokenizer = place('other', 'tokenizer.json');
    writeFileSync(tokenizer, readFileSync(tokenizer, 'utf8').replace('<|endoftext|>', '<|end|>'));
    expectRefusal(await run('evaluate', 'run', '--data', 'other'), 1, /is not the one that made the corpus/);
    const index = place('other', 'corpus.json');
    const hash = tokenizerHash(place('corpus'));
    writeFileSync(index, readFileSync(index, 'utf8').replace(hash, tokenizerHash(place('other'))));
    const refused = await run('evaluate', 'run', '--data', 'other');
    expectRefusal(refused, 1, /run\/model: tokenizer .* is not the one that made the corpus/);
    cpSync(place('run'), place('run-on-other'), { recursive: true });
    const recipe = place('run-on-other', 'recipe.yaml');
    writeFileSync(recipe, readFileSync(recipe, 'utf8').replace(place('corpus'), place('other')));
    expectRefusal(await run('resume', 'run-on-other'), 1, /other: the corpus is not the one this run began with/);
  });
});

describe('a model', () => {
  it.each([
    ['nothing', 2, /nothing: no model here/],
    ['corpus', 1, /corpus: no model here/],
    ['no-model-yet', 1, /no-model-yet: no model here.*\n.*reached its first evaluation/],
    ['empty', 1, /empty: no model here/],
  ] as const)('%s is no model', async (model, code, message) => {
    expectRefusal(await run('generate', model, '--prompt', 'ba'), code, message);
    expectRefusal(await run('evaluate', model, '--data', 'corpus'), code, message);
  });

  it.each([
    ['cut within its header', bytes => bytes.subarray(0, 40), /the header claims/],
    ['cut within its data', bytes => bytes.subarray(0, -100), /the file has \d+ bytes of data/],
    ['empty', () => new Uint8Array(0), /too short/],
    ['not safetensors', bytes => bytes.map(byte => byte ^ 0x55), /the header/],
    ['lying about a shape', bytes => replaced(bytes, '[16,48]', '[16,49]'), /\[16, 49\]/],
    ['lying about a place', bytes => replaced(bytes, '"data_offsets":[0,', '"data_offsets":[4,'), /its place has|hole/],
    ['of unknown element type', bytes => replaced(bytes, '"F32"', '"F99"'), /unknown element type "F99"/],
    [
      'without a tensor it needs',
      bytes => replaced(bytes, 'transformer.ln_f.bias', 'transformer.ln_g.bias'),
      /1 tensor is missing from its weights/,
    ],
  ] as [string, (bytes: Buffer) => Uint8Array, RegExp][])('%s is refused by name', async (_, change, message) => {
    const copy = place('broken-model');
    cpSync(place('run', 'model'), copy, { recursive: true });
    const weights = join(copy, 'model.safetensors');
    writeFileSync(weights, change(readFileSync(weights)));
    const outcome = await run('generate', 'broken-model', '--prompt', 'ba');
    expectRefusal(outcome, 1, message);
    expect(outcome.stderr).toContain('broken-model');
  });

  it('whose files have keys without effect is used with a warning, once, and refused with --strict', async () => {
    const copy = place('chatty-config');
    cpSync(place('run', 'model'), copy, { recursive: true });
    for (const [name, key] of [
      ['config.json', 'n_layerz'],
      ['tokenizer.json', 'colour'],
    ]) {
      const json = JSON.parse(readFileSync(join(copy, name), 'utf8'));
      Object.assign(name === 'config.json' ? json : json.model, { [key]: 3 });
      writeFileSync(join(copy, name), JSON.stringify(json));
    }
    const { code, stderr } = await run('generate', 'chatty-config', '--prompt', 'ba', '--max-new-tokens', '1');
    expect(code).toBe(0);
    expect(stderr.match(/tslm: warning: .*config\.json: unknown key 'n_layerz'/g)).toHaveLength(1);
    expect(stderr.match(/tslm: warning: .*tokenizer\.json: .*unknown key 'colour'/g)).toHaveLength(1);
    const strict = await run('inspect', 'chatty-config', '--strict');
    expectRefusal(strict, 2, /config\.json: unknown key 'n_layerz' has no effect/);
  });

  it('whose config.json is wrong is refused by name', async () => {
    const copy = place('odd-config');
    cpSync(place('run', 'model'), copy, { recursive: true });
    const config = join(copy, 'config.json');
    const text = readFileSync(config, 'utf8');
    const tryWith = async (changed: string, code: 1 | 2, message: RegExp) => {
      writeFileSync(config, changed);
      expectRefusal(await run('generate', 'odd-config', '--prompt', 'ba'), code, message);
    };
    await tryWith('', 1, /config\.json: not valid JSON/);
    await tryWith('[]', 2, /config\.json/);
    await tryWith(text.replace('"gpt2"', '"gtp2"'), 2, /model type 'gtp2' is not known/);
    await tryWith(text.replace('"n_embd": 16', '"n_embd": 32'), 1, /config\.json says \[/);
  });
});

describe('generate', () => {
  it.each([
    [['--prompt', ''], 2, /the prompt has no tokens/],
    [['--prompt', 'x'.repeat(16)], 2, /the prompt has 16 tokens, the model's context holds 16/],
    [['--prompt-file', 'nothing'], 1, /nothing: no such file/],
    [['--prompt-file', 'empty'], 2, /the prompt has no tokens/],
    [['--prompt-file', 'binary'], 2, /binary: the prompt is not UTF-8 text/],
    [['--prompt-file', 'corpus'], 1, /corpus: is a folder/],
    [['--prompt', 'ba', '--top-p', '3'], 2, /'topP'/],
    [['--prompt', 'ba', '--device', 'gpu'], 2, /no device 'gpu'/],
    [['--prompt', 'ba', '--greedy', '--top-k', '5'], 2, /./],
    [['--prompt', 'ba', '--regex', '('], 2, /a group without its '\)'/],
    [['--prompt', 'ba', '--grammar', 'rows.csv'], 2, /'::=' is expected/],
    [['--prompt', 'ba', '--json-schema', 'nothing'], 1, /nothing: no such file/],
  ] as const)('%j', async (args, code, message) => {
    expectRefusal(await run('generate', 'run', ...args), code, message);
  });
});

describe('evaluate', () => {
  it.each([
    [['--data', 'nothing'], 1, /nothing: no corpus here/],
    [['--data', 'corpus', '--context', '17'], 2, /a window of 17 is longer than the model's context of 16/],
    [['--data', 'corpus', '--stride', '17'], 2, /a stride of 17/],
    [['--data', 'corpus', '--device', 'cuda:99'], 2, /cuda:99/],
  ] as const)('%j', async (args, code, message) => {
    expectRefusal(await run('evaluate', 'run', ...args), code, message);
  });

  it('a split without tokens', async () => {
    tinyCorpus(place('no-test'), { test: [] });
    expectRefusal(await run('evaluate', 'run', '--data', 'no-test', '--split', 'test'), 1, /the split has no tokens/);
  });
});

describe('resume', () => {
  it.each(['nothing', 'corpus', 'empty'])('%s', async path => {
    expectRefusal(await run('resume', path), 2, /no run here/);
  });

  it.each([
    ['train.step=3', /unknown key 'train\.step'/],
    ['train.steps=1', /'train\.steps' is 1, and the run has done 2/],
    ['seed=2', /'seed' \(was 1337, is 2\)/],
    ['model.layers=3', /'model\.layers' \(was 1, is 3\)/],
    ['optimizer.name=muon', /'optimizer\.name' \(was "adamw", is "muon"\)/],
  ])('--set %s', async (change, message) => {
    const before = readFileSync(place('run', 'recipe.yaml'), 'utf8');
    expectRefusal(await run('resume', 'run', '--set', change), 2, message);
    expect(readFileSync(place('run', 'recipe.yaml'), 'utf8')).toBe(before);
  });
});

describe('prepare, tokenizer, ngram, quickstart', () => {
  it.each([
    [['prepare', 'nothing', '--out', 'new'], 1, /nothing: no such file/],
    [['prepare', 'empty', '--out', 'new'], 1, /empty: the file is empty/],
    [['prepare', 'binary', '--out', 'new'], 1, /binary: a binary file/],
    [['prepare', 'rows.jsonl', '--column', 'body', '--out', 'new'], 2, /no column 'body'/],
    [['prepare', 'rows.csv', '--column', 'body', '--out', 'new'], 2, /no column 'body'/],
    [['prepare', 'rows.csv', '--out', 'run'], 2, /run: there is something in this folder/],
    [['prepare', 'rows.csv', '--out', 'new', '--tokenizer', 'nothing'], 1, /nothing: no such file/],
    [['tokenizer', 'train', 'nothing', '--out', 'new'], 1, /nothing: no such file/],
    [['tokenizer', 'train', 'binary', '--out', 'new'], 1, /binary: not UTF-8 text/],
    [['tokenizer', 'encode', 'nothing', 'text'], 1, /nothing: no such file/],
    [['tokenizer', 'encode', 'binary', 'text'], 1, /binary: not valid JSON/],
    [['tokenizer', 'inspect', 'empty'], 1, /empty: not valid JSON/],
    [['tokenizer', 'compare', 'corpus', '--text', 'nothing'], 1, /nothing: no such file/],
    [['ngram', 'train', 'nothing', '--out', 'new'], 1, /nothing: no such file/],
    [['ngram', 'evaluate', 'nothing', '--data', 'corpus'], 1, /nothing.*: no such file/],
    [['ngram', 'generate', 'corpus'], 1, /ngram\.json: no such file/],
    [['ngram', 'export', 'nothing', '--arpa', 'new'], 1, /nothing.*: no such file/],
    [['ngram', 'import', 'binary', '--out', 'new'], 1, /binary:\d+: /],
    [['bench', 'train', '--device', 'gpu'], 2, /no device 'gpu'/],
    [['bench', 'train', '--hidden', '10', '--heads', '3'], 2, /hidden \(10\) must be a multiple of heads \(3\)/],
    [['quickstart', 'rows.csv', '--out', 'corpus'], 2, /corpus: holds something else/],
    [['quickstart', 'rows.csv', '--corpus', 'run'], 2, /run: holds something else/],
  ] as const)('%j', async (args, code, message) => {
    const before = readdirSync(folder, { recursive: true }).sort();
    expectRefusal(await run(...args), code, message);
    expect(readdirSync(folder, { recursive: true }).sort()).toEqual(before);
  });
});

/** The file with `from` in its header replaced by `to`, of the same length. */
function replaced(bytes: Buffer, from: string, to: string): Buffer {
  const text = bytes.toString('latin1');
  expect(text).toContain(from);
  return Buffer.from(text.replace(from, to), 'latin1');
}
