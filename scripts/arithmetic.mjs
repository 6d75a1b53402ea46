/**
 * Sums of two numbers of three digits as rows, for recipes/arithmetic-sums.yaml and recipes/arithmetic.yaml: FOLDER/train.jsonl and
 * FOLDER/validation.jsonl with `prompt` (`123+456=`), `completion` and `answer` (`579`), and FOLDER/texts.txt for a tokenizer.
 *
 *   node scripts/arithmetic.mjs FOLDER [ROWS] [SEED]
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const [folder, count = '20000', seed = '1'] = process.argv.slice(2);
const rows = Number(count);
const HELD_OUT = 500;
if (!folder || !(rows > HELD_OUT) || !Number.isInteger(Number(seed))) {
  process.stderr.write('usage: node scripts/arithmetic.mjs FOLDER [ROWS] [SEED]\n');
  process.exit(2);
}

/** mulberry32: the same rows from the same seed. */
let state = Number(seed) >>> 0;
function next() {
  state = (state + 0x6d2b79f5) >>> 0;
  let t = Math.imul(state ^ (state >>> 15), state | 1);
  t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
  return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
}
const number = () => 100 + Math.floor(900 * next());

/** No sum is both learnt and held out. */
const seen = new Set();
const lines = [];
while (lines.length < rows) {
  const [a, b] = [number(), number()];
  const prompt = `${a}+${b}=`;
  if (seen.has(prompt)) continue;
  seen.add(prompt);
  lines.push(JSON.stringify({ prompt, completion: String(a + b), answer: String(a + b) }));
}
mkdirSync(folder, { recursive: true });
const write = (name, part) => writeFileSync(join(folder, name), `${part.join('\n')}\n`);
write('validation.jsonl', lines.slice(0, HELD_OUT));
write('train.jsonl', lines.slice(HELD_OUT));
write(
  'texts.txt',
  Array.from({ length: 200 }, () => `${number()}+${number()}=${number()}`),
);
