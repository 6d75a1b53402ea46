/**
 * Ways of fine-tuning beside each other, in the shape of PEFT's own benchmark: what is trained, how long a step takes, the largest
 * sum of live tensors, how well the target is learnt, and what is forgotten (the rise of the loss on text that the model was
 * pretrained on). With `--shape` instead: seconds and bytes of a step of a GPT-2 of 124M weights that has learnt nothing.
 *
 *   npm run bench && node build/bench/bench/tuning-methods.js --model RUN --rows train.jsonl --validation validation.jsonl --corpus CORPUS
 *   node build/bench/bench/tuning-methods.js --shape
 */
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { openCorpus } from '../src/data/corpus/corpus.ts';
import { perplexity } from '../src/evaluate/perplexity.ts';
import { createModel, loadCompleteModel, saveModel } from '../src/models/auto.ts';
import { readRecipe } from '../src/runs/recipe.ts';
import { startRun } from '../src/runs/run.ts';
import { memoryStats, resetPeakMemory } from '../src/torch/index.ts';

/** Each with the best of the rates 3e-4, 1e-3, 3e-3, 1e-2, 3e-2 for a model of some million weights. */
const METHODS: Record<string, { adapter?: object; lr: number; recompute?: boolean }> = {
  full: { lr: 1e-3 },
  lora: { adapter: { method: 'lora', rslora: false }, lr: 3e-3 },
  rslora: { adapter: { method: 'lora' }, lr: 3e-3 },
  dora: { adapter: { method: 'lora', dora: true }, lr: 3e-3 },
  ia3: { adapter: { method: 'ia3' }, lr: 1e-2 },
  prompt: { adapter: { method: 'prompt-tuning' }, lr: 3e-2 },
  prefix: { adapter: { method: 'prefix-tuning' }, lr: 1e-2 },
  // Activations are made again in the backward pass, as `tslm finetune --quantize` and PEFT's preparation for four bits have it.
  qlora: { adapter: { method: 'lora', quantize: 'nf4' }, lr: 3e-3, recompute: true },
};

const { values } = parseArgs({
  options: {
    model: { type: 'string' },
    rows: { type: 'string' },
    validation: { type: 'string' },
    corpus: { type: 'string' },
    steps: { type: 'string', default: '300' },
    methods: { type: 'string', default: Object.keys(METHODS).join(',') },
    lr: { type: 'string' },
    shape: { type: 'boolean', default: false },
  },
});

interface Row {
  method: string;
  trainable: number;
  secondsPerStep: number;
  peakMegabytes: number;
  target?: number;
  forgetting?: number;
}

const scratch = mkdtempSync(join(tmpdir(), 'tslm-tuning-'));
process.on('exit', () => rmSync(scratch, { recursive: true, force: true }));
const names = values.methods.split(',');

const rows = values.shape ? await shape() : await quality();
table(rows);

async function quality(): Promise<Row[]> {
  const { model, rows: data, validation, corpus } = values;
  if (!model || !data || !validation || !corpus) throw new Error('give --model, --rows, --validation and --corpus');
  const before = lossOn(model, corpus);
  process.stderr.write(`loss on ${corpus} before: ${before.toFixed(4)}\n`);
  const results: Row[] = [];
  for (const name of names) {
    const folder = join(scratch, name);
    const sets = [`data.validation=[${validation}]`, `train.steps=${values.steps}`, 'train.gradientAccumulation=1'];
    sets.push('train.batchSize=16', 'model.context=128', 'objective.packing=none');
    const row = await tune(name, model, data, folder, sets);
    results.push({ ...row, forgetting: lossOn(join(folder, 'model'), corpus) - before });
    process.stderr.write(`${JSON.stringify(results.at(-1))}\n`);
  }
  return results;
}

/** Steps of 4 × 512 tokens of chance. */
async function shape(): Promise<Row[]> {
  const [base, data] = [join(scratch, 'gpt2'), join(scratch, 'rows.jsonl')];
  const tokenizer = join(scratch, 'tokenizer');
  await characterTokenizer(tokenizer);
  {
    using model = createModel(
      'gpt2',
      { layers: 12, hidden: 768, heads: 12, context: 512, vocabSize: 50257 },
      { seed: 1 },
    );
    saveModel(base, model);
  }
  const { cpSync } = await import('node:fs');
  cpSync(tokenizer, base, { recursive: true });
  const line = JSON.stringify({ prompt: 'a', completion: 'ab'.repeat(255) });
  writeFileSync(data, `${line}\n`.repeat(64));
  const results: Row[] = [];
  for (const name of names) {
    const sets = [`data.validation=[${data}]`, 'train.steps=6', 'train.batchSize=4', 'train.gradientAccumulation=1'];
    sets.push('model.context=512', 'objective.packing=none', 'evaluation.windows=1');
    results.push(await tune(name, base, data, join(scratch, name), sets));
    process.stderr.write(`${JSON.stringify(results.at(-1))}\n`);
    rmSync(join(scratch, name), { recursive: true });
  }
  return results;
}

async function characterTokenizer(folder: string): Promise<void> {
  const { execFileSync } = await import('node:child_process');
  const texts = join(scratch, 'texts.txt');
  writeFileSync(texts, 'abc\n'.repeat(10));
  const args = ['bin/tslm', 'tokenizer', 'train', texts, '--kind', 'char', '--out', folder];
  execFileSync(process.execPath, [...args, '--special', '<|endoftext|>'], { stdio: 'ignore' });
}

async function tune(name: string, from: string, data: string, folder: string, sets: string[]): Promise<Row> {
  const { adapter, lr, recompute = false } = METHODS[name];
  const recipe = readRecipe('recipes/instructions.yaml', [
    `name=${name}`,
    `model.from=${from}`,
    `data.train=${data}`,
    'data.chatTemplate=plain',
    `optimizer.lr=${values.lr ?? lr}`,
    'schedule.numWarmupSteps=5',
    `train.recompute=${recompute}`,
    'samples.every=0',
    'checkpoints.every=0',
    'evaluation.every=0',
    ...(adapter ? [`adapter=${JSON.stringify(adapter)}`] : []),
    ...sets,
  ]);
  const live = memoryStats().liveBytes;
  resetPeakMemory();
  const seconds: number[] = [];
  let peak = 0;
  let last = 0;
  let trainable = 0;
  const result = await startRun(recipe, folder, {
    hooks: {
      onStart: ({ parameters }) => {
        trainable = parameters;
        last = performance.now();
      },
      onStep: () => {
        const now = performance.now();
        seconds.push((now - last) / 1000);
        last = now;
        peak = Math.max(peak, memoryStats().peakBytes - live);
      },
    },
  });
  seconds.sort((a, b) => a - b);
  return {
    method: name,
    trainable: weightsOfAdapter(join(folder, 'model')) ?? trainable,
    secondsPerStep: seconds[Math.floor(seconds.length / 2)],
    peakMegabytes: Math.round(peak / 1e6),
    target: values.shape ? undefined : result.best?.loss,
  };
}

/** What an adapter's file holds; undefined where a whole model was trained. */
function weightsOfAdapter(folder: string): number | undefined {
  const path = join(folder, 'adapter_model.safetensors');
  if (!existsSync(path)) return undefined;
  const bytes = readFileSync(path);
  const header = JSON.parse(bytes.subarray(8, 8 + Number(bytes.readBigUInt64LE(0))).toString()) as Record<
    string,
    { shape?: number[] }
  >;
  return Object.values(header).reduce((sum, { shape }) => sum + (shape?.reduce((a, b) => a * b, 1) ?? 0), 0);
}

function lossOn(folder: string, corpus: string): number {
  const { split, index } = ((opened = openCorpus(corpus)) => ({
    split: opened.split('validation'),
    index: opened.index,
  }))();
  const model = loadCompleteModel(folder);
  try {
    return perplexity(model, split, { limit: 20_000, startToken: index.eos_token_id, prefix: index.prefix_token_ids })
      .loss;
  } finally {
    model.dispose();
  }
}

/** Markdown; seconds and bytes as shares of tuning all weights, where that is among the methods. */
function table(all: Row[]): void {
  const full = all.find(({ method }) => method === 'full');
  const share = (value: number, of: number | undefined): string => (of ? ` (${Math.round((100 * value) / of)} %)` : '');
  process.stdout.write(
    '| method | trainable | s a step | peak MB | loss on the target | forgetting |\n|---|---|---|---|---|---|\n',
  );
  for (const row of all) {
    process.stdout.write(
      `| ${[
        row.method,
        row.trainable.toLocaleString('en'),
        `${row.secondsPerStep.toFixed(2)}${share(row.secondsPerStep, full?.secondsPerStep)}`,
        `${row.peakMegabytes}${share(row.peakMegabytes, full?.peakMegabytes)}`,
        row.target?.toFixed(3) ?? '–',
        row.forgetting === undefined ? '–' : `${row.forgetting >= 0 ? '+' : ''}${row.forgetting.toFixed(3)}`,
      ].join(' | ')} |\n`,
    );
  }
}
