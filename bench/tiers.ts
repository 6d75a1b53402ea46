/**
 * What each tier of this processor does (`native/kernels/isa.h`): training, reading a prompt and writing, in bfloat16 and in float32, beside
 * PyTorch in its faster type and the ceiling, each in a process of its own that is told which tier to take. From the folder of the project:
 *
 *   npm run bench && TSLM_PYTHON=python node build/bench/bench/tiers.js --peer                  # a GPT-2 of 14M weights
 *   node build/bench/bench/tiers.js --layers 12 --hidden 768 --heads 12 --vocab 50257           # of 124M
 */
import { spawnSync } from 'node:child_process';
import { parseArgs } from 'node:util';
import { cpu } from '../src/torch/cpu.ts';

const { values } = parseArgs({
  options: {
    layers: { type: 'string', default: '6' },
    hidden: { type: 'string', default: '384' },
    heads: { type: 'string', default: '6' },
    vocab: { type: 'string', default: '8192' },
    tiers: { type: 'string' },
    work: { type: 'string', default: 'train,prefill,generate' },
    peer: { type: 'boolean', default: false },
  },
});

/** The flag of /proc/cpuinfo without which a tier does not run; `none` are libtorch's operators alone. */
const FLAGS = { amx: 'amx_bf16', avx512_bf16: 'avx512_bf16', avx512: 'avx512dq', avx2: 'avx2' };
const { flags, model } = cpu();
const own = Object.entries(FLAGS).flatMap(([tier, flag]) => (flags.has(flag) ? [tier] : []));
const tiers = values.tiers?.split(',') ?? [...own, 'none'];

const TRAIN = Number(values.hidden) < 768 ? ['--batch', '16', '--seq', '256'] : ['--batch', '4', '--seq', '512'];
const WORK: Record<string, string[]> = {
  train: [...TRAIN, '--steps', '3'],
  prefill: [],
  generate: [],
};

interface Result {
  tokensPerSecond: number;
  ceilingRatio: number;
  peer?: { tokensPerSecond: number };
}

/** Where the processor has instructions for bfloat16; elsewhere PyTorch emulates it, a hundred times slower than float32. */
const TILES = new Set(['amx', 'avx512_bf16']);

function measured(work: string, tier: string, dtype: string): Result | undefined {
  const { layers, hidden, heads, vocab } = values;
  const peer = values.peer && (dtype === 'float32' || TILES.has(tier));
  const sizes = Object.entries({ layers, hidden, heads, vocab }).flatMap(([name, value]) => [`--${name}`, value]);
  const args = ['bench', work, ...sizes, ...WORK[work], '--dtype', dtype, '--json', ...(peer ? ['--peer'] : [])];
  const { status, stdout, stderr } = spawnSync('bin/tslm', args, {
    env: { ...process.env, TSLM_ISA: tier },
    encoding: 'utf8',
  });
  if (status === 0) return JSON.parse(stdout) as Result;
  process.stderr.write(`${work}, ${tier}, ${dtype}: ${stderr.trim().split('\n').at(-1)}\n`);
  return undefined;
}

const round = (x: number): string => (x >= 100 ? Math.round(x).toLocaleString('en') : x.toFixed(1));

process.stdout.write(`${model}; a GPT-2 of ${values.layers} layers of ${values.hidden}\n\n`);
process.stdout.write(
  '| work | tier | type | tokens/s | of the ceiling | beside PyTorch at its best |\n|---|---|---|---|---|---|\n',
);
for (const work of values.work.split(',')) {
  for (const tier of tiers) {
    let best = 0; // of PyTorch, in either type
    for (const dtype of tier === 'none' ? ['float32'] : ['float32', 'bf16']) {
      const result = measured(work, tier, dtype);
      if (!result) continue;
      const { tokensPerSecond, ceilingRatio, peer } = result;
      best = Math.max(best, peer?.tokensPerSecond ?? 0);
      const beside = best > 0 ? `${(tokensPerSecond / best).toFixed(1)} × ${round(best)}` : '–';
      const share = `${Math.round(100 * ceilingRatio)} %`;
      process.stdout.write(`| ${work} | ${tier} | ${dtype} | ${round(tokensPerSecond)} | ${share} | ${beside} |\n`);
    }
  }
}
