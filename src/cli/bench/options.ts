/** What the benchmarks of models share: sizes as options, the peer, lines of a result. */
import { type Command, Option } from 'commander';
import type { Peer } from '../../bench/python-peer.ts';
import type { PeerFigures } from '../../bench/side-by-side.ts';
import { usageError } from '../../support/errors.ts';
import { formatBytes, formatCount } from '../../support/format.ts';
import { type PRECISIONS, positiveInteger, WEIGHT_TYPES, type WeightTypeName } from '../options.ts';

export interface BenchOptions {
  family: string;
  layers: number;
  hidden: number;
  heads: number;
  vocab: number;
  batch: number;
  dtype: WeightTypeName;
  device: string;
  steps: number;
  peer?: boolean;
  json?: boolean;
}

export interface BenchTrainOptions extends BenchOptions {
  dtype: (typeof PRECISIONS)[number];
  /** Tokens in a sequence. */
  seq: number;
  /** Of the peer. */
  compile?: boolean;
}

type Defaults = Pick<BenchOptions, 'layers' | 'hidden' | 'heads' | 'vocab' | 'batch'>;

export const modelOptions = (command: Command, defaults: Defaults): Command =>
  command
    .option('--family <name>', 'model family', 'gpt2')
    .option('--layers <n>', 'Transformer blocks', positiveInteger, defaults.layers)
    .option('--hidden <n>', 'width', positiveInteger, defaults.hidden)
    .option('--heads <n>', 'attention heads', positiveInteger, defaults.heads)
    .option('--vocab <n>', 'vocabulary size', positiveInteger, defaults.vocab)
    .option('--batch <n>', 'sequences in a batch', positiveInteger, defaults.batch);

export const runOptions = (
  command: Command,
  { dtype, steps, types = WEIGHT_TYPES }: { dtype: string; steps: string; types?: readonly string[] },
): Command =>
  command
    .addOption(new Option('--dtype <type>', dtype).choices(types).default('bf16'))
    .option('--device <device>', 'cpu, cuda, cuda:1 …', 'cpu')
    .option('--steps <n>', steps, positiveInteger, 5)
    .option('--peer', 'alternating with plain PyTorch (TSLM_PYTHON names its Python)')
    .option('--json', 'print the result as JSON');

/** The peer where one is asked for. */
export async function peerFor(name: string, { peer, json, ...job }: BenchOptions): Promise<Peer | undefined> {
  if (!peer) return undefined;
  if (job.family !== 'gpt2') {
    throw usageError('TSLM_NO_PEER', `--peer: the peer is a GPT-2, not a ${job.family} model`, 'leave out --family');
  }
  if (job.dtype === 'int8') {
    throw usageError('TSLM_NO_PEER', '--peer: the peer has no int8', 'leave out one of the two');
  }
  const { startPeer } = await import('../../bench/python-peer.ts');
  // Who holds our threads down means the peer's, too.
  const threads = Number(process.env.TSLM_THREADS) || undefined;
  return startPeer(name, { ...job, threads });
}

interface Figures {
  parameters: number;
  threads: number;
  /** Of the products, in the step and alone. */
  gflopsPerSecond?: number;
  ceilingGflopsPerSecond?: number;
  ceilingTokensPerSecond: number;
  ceilingRatio: number;
  peakMemoryBytes: number;
  peakTensorBytes: number;
  peer?: PeerFigures;
}

type Rows = [name: string, value: string][];

/** The lines after the one that says the speed. */
export function resultRows(figures: Figures, ceiling: string): Rows {
  const { parameters, threads, ceilingTokensPerSecond, ceilingRatio, peakMemoryBytes, peakTensorBytes } = figures;
  return [
    ['ceiling', `${formatCount(ceilingTokensPerSecond)} tokens/s ${ceiling}`],
    ['share', `${formatShare(ceilingRatio)} of the ceiling`],
    ...productRows(figures),
    ['peak memory', `${formatBytes(peakMemoryBytes)}, tensors ${formatBytes(peakTensorBytes)}`],
    ['model', `${formatCount(parameters)} parameters, ${threads} threads`],
    ...peerRows(figures.peer),
  ];
}

function productRows({ gflopsPerSecond, ceilingGflopsPerSecond }: Figures): Rows {
  if (gflopsPerSecond === undefined || ceilingGflopsPerSecond === undefined) return [];
  return [['products', `${formatCount(gflopsPerSecond)} of ${formatCount(ceilingGflopsPerSecond)} GFLOP/s`]];
}

function peerRows(peer: PeerFigures | undefined): Rows {
  if (!peer) return [];
  return [
    ['peer', `PyTorch ${peer.torch}, ${peer.threads} threads: ${formatCount(peer.tokensPerSecond)} tokens/s`],
    ['ratio', `${peer.ratio.toFixed(2)} × the peer`],
    ['peak memory of it', formatBytes(peer.peakMemoryBytes)],
  ];
}

export const formatShare = (ratio: number): string => `${(100 * ratio).toFixed(0)}%`;
