/**
 * `prepare` from end to end (read, clean, deduplicate, tokenise, write), beside Hugging Face tokenizers, which only
 * tokenise, with the machine's ceiling: reading the text, hashing it and writing the tokens.
 *
 *     npm run bench && node build/bench/bench/prepare.js [FILE.txt] [file|paragraph|line]
 *
 * Without FILE: 200 MB of paragraphs made of the sentences of ../shared/data/gutenberg.
 */
import { createHash } from 'node:crypto';
import {
  closeSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { prepare } from '../src/data/prepare/prepare.ts';
import { formatBytes, formatCount } from '../src/support/format.ts';
import { createRandom } from '../src/support/random.ts';
import { residentBytes } from '../src/support/resident.ts';
import { root } from '../src/support/root.ts';

const folder = mkdtempSync(join(tmpdir(), 'tslm-bench-'));
try {
  await main(
    process.argv[2] ?? generatedText(200e6),
    (process.argv[3] ?? 'paragraph') as 'file' | 'paragraph' | 'line',
  );
} finally {
  rmSync(folder, { recursive: true });
}

async function main(file: string, document: 'file' | 'paragraph' | 'line'): Promise<void> {
  const bytes = statSync(file).size;
  const trained = join(folder, 'trained');
  const [, training] = await timed(() => prepare([file], { out: trained, document, vocabSize: 8192 }));
  const stages = new Map<string, number>();
  let [current, last] = ['reading', performance.now()];
  const onProgress = (stage: string): void => {
    const now = performance.now();
    stages.set(current, (stages.get(current) ?? 0) + now - last);
    [current, last] = [stage, now];
  };
  const options = { out: join(folder, 'corpus'), document, tokenizer: trained, onProgress };
  const [{ index, report }, seconds] = await timed(() => prepare([file], options));
  const peak = residentBytes().peak;
  const tokens = Object.values(index.splits).reduce((sum, split) => sum + split.tokens, 0);
  const ceiling = await readHashWrite(file, 2 * tokens);
  const peer = await peerRate(file, join(trained, 'tokenizer.json'));

  const rate = (perSecond: number): string => `${formatBytes(perSecond)}/s`;
  console.log(
    `${formatBytes(bytes)}, ${formatCount(report.read.documents)} documents, ${availableParallelism()} processors`,
  );
  console.log(`prepare            ${rate(bytes / seconds)}, peak ${formatBytes(peak)}`);
  for (const [stage, ms] of stages) console.log(`  ${stage.padEnd(16)} ${(ms / 1000).toFixed(2)} s`);
  console.log(`training one too   ${rate(bytes / training)}`);
  console.log(`tokenizers alone   ${rate(peer)}; ratio ${(bytes / seconds / peer).toFixed(2)}`);
  console.log(`ceiling            ${rate(bytes / ceiling)}; ratio ${(ceiling / seconds).toFixed(3)}`);
}

async function timed<Result>(work: () => Result | Promise<Result>): Promise<[Result, number]> {
  const start = performance.now();
  const result = await work();
  return [result, (performance.now() - start) / 1000];
}

/** Seconds to read a file, hash it and write this many bytes, which no preparation can do without. */
async function readHashWrite(file: string, written: number): Promise<number> {
  const [, seconds] = await timed(() => {
    const [input, output] = [openSync(file, 'r'), openSync(join(folder, 'ceiling'), 'w')];
    const block = new Uint8Array(1 << 20);
    const hash = createHash('sha256');
    for (let read = readSync(input, block); read > 0; read = readSync(input, block))
      hash.update(block.subarray(0, read));
    for (let rest = written; rest > 0; rest -= block.length) writeSync(output, block, 0, Math.min(rest, block.length));
    closeSync(input);
    closeSync(output);
  });
  return seconds;
}

/** Bytes a second of Hugging Face tokenizers, which uses all processors, on the first 20 MB. */
async function peerRate(file: string, tokenizerFile: string): Promise<number> {
  const { Tokenizer } = createRequire(import.meta.url)('tokenizers') as typeof import('tokenizers');
  const tokenizer = Tokenizer.fromFile(tokenizerFile);
  const block = Buffer.alloc(20e6);
  const fd = openSync(file, 'r');
  const bytes = readSync(fd, block);
  closeSync(fd);
  const texts = block.toString('utf8', 0, bytes).split('\n\n');
  const [, seconds] = await timed(async () => {
    for (let i = 0; i < texts.length; i += 2000) await tokenizer.encodeBatch(texts.slice(i, i + 2000));
  });
  return bytes / seconds;
}

function generatedText(size: number): string {
  const books = join(root, '../shared/data/gutenberg/');
  const sentences = readdirSync(books).flatMap(name =>
    gunzipSync(readFileSync(join(books, name)))
      .toString()
      .split(/(?<=[.!?]["”]?)\s+/),
  );
  const random = createRandom(1);
  const path = join(folder, 'input.txt');
  const fd = openSync(path, 'w');
  for (let written = 0; written < size; ) {
    const paragraph = () =>
      Array.from({ length: 5 + random.below(15) }, () => sentences[random.below(sentences.length)]);
    written += writeSync(fd, Array.from({ length: 1000 }, () => paragraph().join(' ')).join('\n\n'));
  }
  closeSync(fd);
  return path;
}
