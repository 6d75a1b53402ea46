/**
 * The first steps of a recipe beside plain PyTorch: same initial weights, same data in the same order, same optimizer.
 * Prints the losses of both and their largest difference.
 *
 *     npm run bench && node build/bench/bench/parity.js RECIPE CORPUS [STEPS]
 *
 * TSLM_PYTHON names a Python with torch and numpy (default: one of the system's that has torch).
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { peerScript, requireTorchPython } from '../src/bench/python-peer.ts';
import { openCorpus } from '../src/data/corpus/corpus.ts';
import { corpusWindows } from '../src/data/rows/corpus-windows.ts';
import { createModel, saveModel } from '../src/models/auto.ts';
import { causal } from '../src/objectives/causal.ts';
import { NEW_CONTEXT, readRecipe, scheduleOf } from '../src/runs/recipe.ts';
import { native } from '../src/torch/native.ts';
import { trainLoop } from '../src/train/loop.ts';
import { adamW } from '../src/train/optimizers/adamw.ts';
import { createSampler } from '../src/train/sampler.ts';
import { wholeModel } from '../src/train/trainable.ts';

const [recipePath = 'recipes/shakespeare-char.yaml', corpusPath = 'corpora/shakespeare-char', count = '50'] =
  process.argv.slice(2);
const steps = Number(count);
const recipe = readRecipe(recipePath, [`data.corpus=${corpusPath}`, 'model.dropout=0', 'train.precision=float32']);
const { optimizer: settings, train, model: described, seed } = recipe;
const sizes = { ...described, context: described.context ?? NEW_CONTEXT };
const corpus = openCorpus(corpusPath);
const objective = causal({ context: sizes.context });
const data = corpusWindows(corpus.split('train'), { length: objective.window!, stride: sizes.context, seed });
const sampler = createSampler({ length: data.length, seed, batchSize: train.batchSize });

const folder = mkdtempSync(join(tmpdir(), 'tslm-parity-'));
try {
  const model = createModel(sizes.family, { ...sizes, vocabSize: corpus.index.vocab_size }, { seed });
  saveModel(folder, model);
  const windows = Array.from({ length: steps }, (_, step) =>
    sampler.batch(step, 0).map(({ index, epoch }) => Int32Array.from(data.row(index, epoch).ids)),
  ).flat();
  writeFileSync(join(folder, 'windows.bin'), Buffer.concat(windows.map(window => Buffer.from(window.buffer))));

  const schedule = scheduleOf(recipe);
  const ours: number[] = [];
  const startOurs = performance.now();
  await trainLoop({
    trainable: wholeModel(model),
    objective,
    data,
    seed,
    optimizer: adamW([...model.namedParameters()], settings),
    schedule,
    sampler,
    startStep: 0,
    steps,
    clipGradNorm: train.clipGradNorm,
    dtype: 'float32',
    device: 'cpu',
    evaluations: [],
    hooks: { onStep: ({ loss }) => ours.push(loss) },
  });
  const oursSeconds = (performance.now() - startOurs) / 1000;

  const job = {
    ...settings,
    model: folder,
    windows: join(folder, 'windows.bin'),
    lr: Array.from({ length: steps }, (_, step) => schedule(step)),
    clipGradNorm: train.clipGradNorm,
    threads: native().threads(),
  };
  const output = execFileSync(requireTorchPython(), ['-B', peerScript('train_gpt2')], { input: JSON.stringify(job) });
  const peer = JSON.parse(output.toString()) as { torch: string; losses: number[] };
  const differences = ours.map((loss, i) => Math.abs(loss - peer.losses[i]));
  for (const i of [0, 1, 9, 24, steps - 1].filter(i => i < steps)) {
    console.log(`step ${i + 1}: tslm ${ours[i].toFixed(6)}  PyTorch ${peer.losses[i].toFixed(6)}`);
  }
  console.log(
    `largest difference over ${steps} steps: ${Math.max(...differences).toExponential(2)} (PyTorch ${peer.torch}; ours took ${oursSeconds.toFixed(1)} s)`,
  );
} finally {
  rmSync(folder, { recursive: true, force: true });
}
