/** `tslm evaluate --tasks` and `tslm tasks`, as commands. */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { saveModel } from '../../src/models/auto.ts';
import { expectRefusal, tslmHere as tslm } from '../helpers/cli.ts';
import { scratchFolder } from '../support/scratch.ts';
import { tinyModel, wordTokenizer } from '../tasks/helpers.ts';

const folder = scratchFolder();
const place = (...names: string[]): string => join(folder, ...names);
const include = place('tasks');
const data = ['--data-map', `pairs=${place('pairs.jsonl')}`];

beforeAll(() => {
  for (const [name, type, architecture] of [
    ['causal', 'gpt2', 'GPT2LMHeadModel'],
    ['masked', 'bert', 'BertForMaskedLM'],
    ['seq2seq', 'bart', 'BartForConditionalGeneration'],
  ]) {
    saveModel(place(name), tinyModel(type, architecture));
    wordTokenizer({ bos_token: '[CLS]', eos_token: '[SEP]' }).save(place(name));
  }
  mkdirSync(include);
  writeFileSync(
    place('pairs.jsonl'),
    '{"good": "the cat sat", "bad": "cat the sat"}\n{"good": "ann met lee", "bad": "met ann lee"}\n',
  );
  writeFileSync(
    join(include, 'order.yaml'),
    `task: order
dataset_path: pairs
test_split: train
output_type: multiple_choice
doc_to_text: ""
doc_to_choice: "{{[good, bad]}}"
doc_to_target: 0
target_delimiter: ""
`,
  );
  writeFileSync(
    join(include, 'rewrite.yaml'),
    `task: rewrite
dataset_path: pairs
test_split: train
doc_to_text: bad
doc_to_target: good
generation_kwargs: {until: ["."], max_gen_toks: 4}
metric_list: [{metric: exact_match}, {metric: bleu}]
`,
  );
});

async function json(args: string[]): Promise<Record<string, never>> {
  const { code, stdout, stderr } = await tslm([...args, '--json']);
  expect(code, stderr).toBe(0);
  return JSON.parse(stdout);
}

const evaluate = (model: string, tasks: string, ...options: string[]): string[] => [
  'evaluate',
  place(model),
  '--tasks',
  tasks,
  '--include-path',
  include,
  ...data,
  ...options,
];

describe('evaluate --tasks', () => {
  it.each(['causal', 'masked'])('scores with a %s model, in a table', async model => {
    const { code, stdout, stderr } = await tslm(evaluate(model, 'order'));
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const lines = stdout.trimEnd().split('\n');
    expect(lines[0]).toMatch(/^task +metric +value +95 % +chance +majority +documents$/);
    expect(lines[1]).toMatch(/^order +acc +[01]\.\d{4} +± 0\.\d{4} +0\.\d{4}–[01]\.\d{4} +0\.5000 +1\.0000 +2$/);
  });

  it('writes with an encoder–decoder, with beams, and keeps results and samples', async () => {
    const options = ['--gen-kwargs', 'num_beams=3', '--output', place('out')];
    const result = await json(evaluate('seq2seq', 'rewrite', ...options));
    expect(result).toMatchObject({
      results: { rewrite: { 'exact_match,none': expect.any(Number), 'bleu,none': expect.any(Number), sample_len: 2 } },
      config: { gen_kwargs: { num_beams: 3 }, model_args: { scoring: 'seq2seq' } },
      'n-samples': { rewrite: { original: 2, effective: 2 } },
    });
    const [written] = readdirSync(place('out'));
    const files = readdirSync(place('out', written)).sort();
    expect(files.map(file => file.replace(/_2.*(\..*)/, '$1'))).toEqual(['results.json', 'samples_rewrite.jsonl']);
    const samples = readFileSync(place('out', written, files[1]), 'utf8')
      .trim()
      .split('\n');
    expect(samples.map(line => JSON.parse(line).arguments.gen_args_0.arg_0)).toEqual(['cat the sat', 'met ann lee']);
  });

  it.each([
    [['evaluate', 'model'], 2, /neither a corpus nor tasks are given/],
    [['evaluate', 'model', '--tasks', 'blimp', '--stride', '8'], 2, /--stride says nothing beside --tasks/],
    [['evaluate', 'model', '--data', 'c', '--num-fewshot', '2'], 2, /--num-fewshot says nothing beside --data/],
    [['evaluate', 'model', '--data', 'c', '--limit', '0.5'], 2, /--limit 0\.5 is no number of tokens/],
    [['evaluate', 'model', '--tasks', 'blmp'], 2, /there is no task, group or tag 'blmp'/],
    [['evaluate', 'model', '--tasks', 'blimp', '--data-map', 'blimp'], 2, /--data-map blimp is not NAME=PATH/],
    [['evaluate', 'model', '--tasks', 'blimp', '--gen-kwargs', 'beams'], 2, /'beams' is not NAME=VALUE/],
    [
      ['evaluate', 'model', '--tasks', 'blimp', '--fewshot-as-multiturn'],
      2,
      /says nothing without --apply-chat-template/,
    ],
  ] as const)('%j is refused', async (args, code, message) => {
    expectRefusal(await tslm([...args]), code, message);
  });

  it('refuses what a model cannot do', async () => {
    expectRefusal(await tslm(evaluate('masked', 'rewrite')), 1, /a masked language model does not write/);
    expectRefusal(
      await tslm(evaluate('masked', 'order', '--score', 'causal')),
      2,
      /--score causal does not suit a model with the head maskedLM/,
    );
    expectRefusal(await tslm(evaluate('causal', 'order', '--pll', 'original')), 2, /--pll original does not suit/);
    expectRefusal(await tslm(evaluate('causal', 'blimp_transitive')), 2, /the data 'blimp' is not on this machine/);
  });
});

describe('tasks', () => {
  it('list, show and validate', async () => {
    const { tasks: listed } = (await json(['tasks', 'list', '--include-path', include])) as Record<
      string,
      { name: string }[]
    >;
    expect(listed.map(({ name }) => name)).toEqual(
      expect.arrayContaining(['blimp', 'multi30k_en_de', 'order', 'stsb_en']),
    );
    const shown = await tslm(['tasks', 'show', 'order', '--include-path', include, ...data, '--prompts', '1']);
    expect(shown.stdout).toContain('output_type: multiple_choice');
    expect(shown.stdout).toContain(
      'order, document 0\n  {"kind":"loglikelihood","context":"","continuation":"the cat sat"}\n',
    );
    const right = await tslm(['tasks', 'validate', 'order', 'rewrite', '--include-path', include, ...data]);
    expect(right).toMatchObject({ code: 0, stdout: 'order  2 documents\nrewrite  2 documents\n' });
  });

  it('say what is wrong, and exit with 1', async () => {
    const path = place('wrong.yaml');
    writeFileSync(path, 'task: wrong\ndoc_to_txt: a\n');
    const { code, stdout } = await tslm(['tasks', 'validate', path]);
    expect(code).toBe(1);
    expect(stdout).toContain("unknown key 'doc_to_txt'");
  });
});
