/**
 * Training an n-gram model of words, beside KenLM's lmplz, with the machine's ceiling: the passes of a radix sort over
 * as many random keys, which is the memory traffic that sorting n-grams cannot do without.
 *
 *     npm run bench && TSLM_LMPLZ=path/to/lmplz node build/bench/bench/ngram.js [FILE.txt] [ORDER]
 *
 * Without FILE: the texts of ../shared/data/wikitext-2 and gutenberg. Without TSLM_LMPLZ: without the peer.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { loadNgram, saveNgram, trainNgramOn, wordsOf, writeArpa } from '../src/ngram/index.ts';
import { formatBytes, formatCount } from '../src/support/format.ts';
import { createRandom } from '../src/support/random.ts';
import { residentBytes } from '../src/support/resident.ts';

const folder = mkdtempSync(join(tmpdir(), 'tslm-bench-'));
try {
  await main(process.argv[2] ?? sharedText(), Number(process.argv[3] ?? 5));
} finally {
  rmSync(folder, { recursive: true });
}

async function main(file: string, order: number): Promise<void> {
  const [stored, train] = await timed(() => trainNgramOn(file, { order }));
  const peak = residentBytes().peak;
  const tokens = stored.provenance.tokens!;
  const ngrams = stored.provenance.levels!.reduce((sum, level) => sum + level.ngrams, 0);
  const model = join(folder, 'model');
  const arpa = join(folder, 'model.arpa');
  const [, save] = await timed(() => saveNgram(model, stored));
  const [, load] = await timed(() => loadNgram(model));
  const [, write] = await timed(() => writeArpa(stored.model, wordsOf(stored), arpa));
  const text = stored.lexicon!.encode(readFileSync(file, 'utf8').slice(0, 1 << 22));
  const [, score] = await timed(() => stored.model.score(text));
  const ceiling = radixPasses(tokens, stored.model.vocabulary.size, order);

  console.log(`${formatCount(tokens)} tokens, order ${order}, ${formatCount(ngrams)} n-grams`);
  console.log(
    `tslm read and train   ${train.toFixed(2)} s, ${formatCount(tokens / train)} tokens/s, peak ${formatBytes(peak)}`,
  );
  console.log(`tslm save             ${save.toFixed(2)} s, load ${load.toFixed(2)} s, ARPA ${write.toFixed(2)} s`);
  console.log(`tslm score            ${formatCount(text.length / score)} tokens/s`);
  console.log(
    `ceiling (radix sort)  ${ceiling.toFixed(2)} s, training takes ${(train / ceiling).toFixed(1)} times that`,
  );
  if (process.env.TSLM_LMPLZ) {
    const peer = runLmplz(process.env.TSLM_LMPLZ, file, order);
    console.log(`lmplz read to ARPA    ${peer.seconds.toFixed(2)} s, peak ${formatBytes(peer.peak)}`);
    console.log(`tslm / lmplz          ${((train + write) / peer.seconds).toFixed(2)} in time, both from text to ARPA`);
  }
}

async function timed<T>(work: () => T | Promise<T>): Promise<[T, seconds: number]> {
  const start = performance.now();
  const result = await work();
  return [result, (performance.now() - start) / 1000];
}

function radixPasses(count: number, keys: number, passes: number): number {
  const random = createRandom(0);
  const key = new Uint32Array(count);
  for (let i = 0; i < count; i++) key[i] = random.below(keys);
  let from = new Uint32Array(count);
  let to = new Uint32Array(count);
  for (let i = 0; i < count; i++) from[i] = i;
  const start = performance.now();
  for (let pass = 0; pass < passes; pass++) {
    const offsets = new Uint32Array(keys + 1);
    for (let i = 0; i < count; i++) offsets[key[i] + 1]++;
    for (let k = 1; k <= keys; k++) offsets[k] += offsets[k - 1];
    for (let i = 0; i < count; i++) to[offsets[key[from[i]]]++] = from[i];
    [from, to] = [to, from];
  }
  return (performance.now() - start) / 1000;
}

function runLmplz(lmplz: string, file: string, order: number): { seconds: number; peak: number } {
  const options = ['-o', String(order), '--discount_fallback', '--skip_symbols', '-S', '20%'];
  const { stderr, error } = spawnSync(lmplz, [...options, '--text', file, '--arpa', join(folder, 'lmplz.arpa')], {
    encoding: 'utf8',
  });
  const facts = /RSSMax:(\d+) kB.*real:([\d.]+)/.exec(stderr ?? '');
  if (!facts) throw error ?? new Error(`lmplz failed: ${stderr}`);
  return { peak: Number(facts[1]) * 1000, seconds: Number(facts[2]) };
}

function sharedText(): string {
  const path = join(folder, 'text.txt');
  const texts = ['wikitext-2', 'gutenberg'].flatMap(set =>
    readdirSync(`../shared/data/${set}`)
      .filter(name => name.endsWith('.txt.gz'))
      .map(name => gunzipSync(readFileSync(`../shared/data/${set}/${name}`)).toString()),
  );
  writeFileSync(path, texts.join(''));
  return path;
}
