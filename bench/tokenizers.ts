/**
 * Encoding and training, beside Hugging Face's native package on the same text, with the machine's ceiling: one pass
 * that loads and hashes every character, which no encoder that looks pre-tokens up can do without.
 *
 *     npm run bench && node build/bench/bench/tokenizers.js [FILE.txt …]
 *
 * ENCODING_ONLY=1 leaves training out. Without FILE: wikitext-2 and a Chinese novel of ../shared/data. The native package
 * encodes a batch and trains with all cores; here encoding runs in one thread. For one core each: taskset -c 0 node …
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { Tokenizer as Native, type Encoding as NativeEncoding } from 'tokenizers';
import { hashUnits, UnitBuffer } from '../src/tokenizers/byte-bpe/unit-table.ts';
import type { Encoding } from '../src/tokenizers/encode/encoding.ts';
import { trainBpe } from '../src/tokenizers/training/bpe-trainer.ts';
import { countWords } from '../src/tokenizers/training/count-words.ts';
import { type TrainOptions, trainTokenizer } from '../src/tokenizers/training/train.ts';

const SHARED = ['wikitext-2/train.txt.gz', 'chinese-novels/hongloumeng.txt.gz'].map(path => `../shared/data/${path}`);
const ROUNDS = 5;
const PIPELINES: Record<string, TrainOptions> = {
  gpt2: { split: 'gpt2' },
  gpt4: { split: 'gpt4' },
  wordpiece: { kind: 'wordpiece', vocabSize: 8000 },
  unigram: { kind: 'unigram', vocabSize: 8000 },
};

console.log(`${availableParallelism()} cores`);
for (const path of process.argv.length > 2 ? process.argv.slice(2) : SHARED) {
  const bytes = readFileSync(path);
  const text = (path.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString('utf8');
  const lines = text.match(/[^\n]*\n|[^\n]+$/g)!;
  console.log(`\n${path}: ${(Buffer.byteLength(text) / 1e6).toFixed(1)} MB`);
  for (const [name, options] of Object.entries(PIPELINES)) await benchEncoding(name, text, lines, options);
  if (process.env.ENCODING_ONLY) continue;
  await benchTraining(text, lines);
  await benchKinds(text, lines);
}

/** Both sides make lists when they are asked for; the last row reads all of them on both. */
async function benchEncoding(name: string, text: string, lines: string[], options: TrainOptions): Promise<void> {
  const ours = await trainTokenizer(lines, options);
  const native = Native.fromString(JSON.stringify(ours.toJSON()));
  const buffer = new UnitBuffer();
  const rate = async (work: () => unknown): Promise<number> => Buffer.byteLength(text) / 1e6 / (await best(work));
  const ceiling = await rate(() => hashUnits(buffer.units, 0, buffer.load(text)));
  const peer = await rate(() => native.encodeBatch(lines));
  const peerRead = await rate(async () => (await native.encodeBatch(lines)).forEach(readNative));
  const rows: [string, number, number?][] = [
    ['encodeIds, lines', await rate(() => lines.map(line => ours.encodeIds(line)))],
    ['encodeIds, whole', await rate(() => ours.encodeIds(text))],
    ['encodeBatch, lines', await rate(() => ours.encodeBatch(lines))],
    ['encodeBatch, all read', await rate(() => ours.encodeBatch(lines).forEach(read)), peerRead],
  ];
  const peers = `${peer.toFixed(1)} MB/s, all read ${peerRead.toFixed(1)}`;
  console.log(`${name}: native encodeBatch ${peers}, ceiling ${ceiling.toFixed(0)} MB/s`);
  for (const [row, value, against = peer] of rows) {
    const share = ((100 * value) / ceiling).toFixed(0);
    console.log(
      `  ${row.padEnd(22)} ${value.toFixed(1)} MB/s  ${(value / against).toFixed(1)}× native  ${share}% of ceiling`,
    );
  }
}

function read(encoding: Encoding): unknown {
  return [encoding.toJSON(), encoding.offsets];
}

function readNative(encoding: NativeEncoding): unknown {
  return [
    [encoding.getIds(), encoding.getTokens(), encoding.getOffsets(), encoding.getWordIds(), encoding.getTypeIds()],
    [encoding.getSpecialTokensMask(), encoding.getAttentionMask(), encoding.getSequenceIds()],
  ];
}

/** Both train a vocabulary of 30,000 with the native trainer's default options, the only ones that it has here. */
async function benchTraining(text: string, lines: string[]): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'tslm-bench-'));
  const file = join(folder, 'text.txt');
  writeFileSync(file, text);
  const threads = availableParallelism();
  const seconds = await best(async () => {
    const counts = await countWords(lines, { split: 'gpt2', threads });
    trainBpe(counts, { vocabSize: 30_000, minFrequency: 0, specialTokens: [], allBytes: false });
  }, 2);
  const template = (await trainTokenizer(['a'], { vocabSize: 257 })).toJSON() as { model: object };
  const empty = { ...template, added_tokens: [], model: { ...template.model, vocab: {}, merges: [] } };
  const peer = await best(() => Native.fromString(JSON.stringify(empty)).train([file]), 2);
  rmSync(folder, { recursive: true });
  console.log(
    `training 30,000 tokens: ${seconds.toFixed(2)} s, native ${peer.toFixed(2)} s: ${(peer / seconds).toFixed(1)}× as fast`,
  );
}

/** The other kinds, with the native trainers' default options but for the unknown token, which the unigram one lacks. */
async function benchKinds(text: string, lines: string[]): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'tslm-bench-'));
  const file = join(folder, 'text.txt');
  writeFileSync(file, text);
  const kinds = [
    ['wordpiece', 30_000, { vocab: {} }],
    ['unigram', 8000, { vocab: [['<unk>', 0]], unk_id: 0 }],
    ['wordlevel', 30_000, { vocab: {} }],
  ] as const;
  for (const [kind, vocabSize, nothing] of kinds) {
    const template = (await trainTokenizer(['a'], { kind, vocabSize: 100 })).toJSON() as { model: object };
    const model = { ...template.model, ...nothing };
    const empty = { ...template, added_tokens: [], post_processor: null, model };
    const minFrequency = kind === 'unigram' ? undefined : 0;
    const seconds = await best(() => trainTokenizer(lines, { kind, vocabSize, minFrequency }), 2);
    const peer = await best(() => Native.fromString(JSON.stringify(empty)).train([file]), 2);
    const ratio = `${(peer / seconds).toFixed(1)}× as fast`;
    console.log(
      `training ${kind}, ${vocabSize} tokens: ${seconds.toFixed(2)} s, native ${peer.toFixed(2)} s: ${ratio}`,
    );
  }
  rmSync(folder, { recursive: true });
}

/** Seconds of the fastest of several rounds. */
async function best(work: () => unknown, rounds = ROUNDS): Promise<number> {
  let fastest = Number.POSITIVE_INFINITY;
  for (let round = 0; round < rounds; round++) {
    const start = performance.now();
    await work();
    fastest = Math.min(fastest, (performance.now() - start) / 1000);
  }
  return fastest;
}
