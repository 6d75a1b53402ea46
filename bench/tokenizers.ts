/**
 * Training tokenizers beside Hugging Face's native package on the same text. (Encoding: `tslm bench tokenize --peer`.)
 *
 *     npm run bench && node build/bench/bench/tokenizers.js [FILE.txt …]
 *
 * Without FILE: wikitext-2 and a Chinese novel of ../shared/data. Both train with all cores. For one core each:
 * taskset -c 0 node …
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { Tokenizer as Native } from 'tokenizers';
import { trainBpe } from '../src/tokenizers/training/bpe-trainer.ts';
import { countWords } from '../src/tokenizers/training/count-words.ts';
import { trainTokenizer } from '../src/tokenizers/training/train.ts';

const SHARED = ['wikitext-2/train.txt.gz', 'chinese-novels/hongloumeng.txt.gz'].map(path => `../shared/data/${path}`);

console.log(`${availableParallelism()} cores`);
for (const path of process.argv.length > 2 ? process.argv.slice(2) : SHARED) {
  const bytes = readFileSync(path);
  const text = (path.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString('utf8');
  const lines = text.match(/[^\n]*\n|[^\n]+$/g)!;
  console.log(`\n${path}: ${(Buffer.byteLength(text) / 1e6).toFixed(1)} MB`);
  await benchTraining(text, lines);
  await benchKinds(text, lines);
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
  });
  const template = (await trainTokenizer(['a'], { vocabSize: 257 })).toJSON() as { model: object };
  const empty = { ...template, added_tokens: [], model: { ...template.model, vocab: {}, merges: [] } };
  const peer = await best(() => Native.fromString(JSON.stringify(empty)).train([file]));
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
    const seconds = await best(() => trainTokenizer(lines, { kind, vocabSize, minFrequency }));
    const peer = await best(() => Native.fromString(JSON.stringify(empty)).train([file]));
    const ratio = `${(peer / seconds).toFixed(1)}× as fast`;
    console.log(
      `training ${kind}, ${vocabSize} tokens: ${seconds.toFixed(2)} s, native ${peer.toFixed(2)} s: ${ratio}`,
    );
  }
  rmSync(folder, { recursive: true });
}

/** Seconds of the faster of two rounds. */
async function best(work: () => unknown): Promise<number> {
  let fastest = Number.POSITIVE_INFINITY;
  for (let round = 0; round < 2; round++) {
    const start = performance.now();
    await work();
    fastest = Math.min(fastest, (performance.now() - start) / 1000);
  }
  return fastest;
}
