/**
 * What sixteen chains cost beside one: self-consistency on a model of this machine, all chains in one batch behind a prompt that is read
 * once. One and sixteen take turns, and other rounds have other prompts, so that the cache knows none of them.
 *
 *     npm run bench && node build/bench/bench/self-consistency.js MODEL [--prompt TEXT] [--tokens 64] [--samples 16] [--rounds 5]
 */
import { cpus } from 'node:os';
import { parseArgs } from 'node:util';
import { openLocalCompleter } from '../src/prompt/completers/local.ts';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    prompt: { type: 'string', default: 'A question about some numbers. '.repeat(12) },
    tokens: { type: 'string', default: '64' },
    samples: { type: 'string', default: '16' },
    rounds: { type: 'string', default: '5' },
  },
});
if (positionals[0] === undefined) throw new Error('give the folder of a model');
const [maxTokens, samples, rounds] = [values.tokens, values.samples, values.rounds].map(Number);
await using completer = await openLocalCompleter(positionals[0]);

async function time(n: number, round: number) {
  const start = performance.now();
  // In two digits that every vocabulary has.
  const prompt = `${(2 * round + Number(n > 1)).toString(2).padStart(6, '0')}${values.prompt}`;
  const { completions, promptTokens, computedTokens } = await completer.complete({
    prompt,
    n,
    maxTokens,
    temperature: 0.7,
    seed: round,
  });
  const written = completions.reduce((sum, { tokens }) => sum + tokens, 0);
  return { ms: performance.now() - start, promptTokens, computedTokens, naive: n * promptTokens + written, written };
}

const median = (list: number[]): number => list.sort((a, b) => a - b)[list.length >> 1];
await time(1, rounds);
const found = { one: [] as Awaited<ReturnType<typeof time>>[], all: [] as Awaited<ReturnType<typeof time>>[] };
for (let round = 0; round < rounds; round++) {
  found.one.push(await time(1, round));
  found.all.push(await time(samples, round));
}
const [one, all] = [found.one, found.all].map(list => median(list.map(({ ms }) => ms)));
const ratio = median(found.all.map(({ ms }, i) => ms / found.one[i].ms));
const last = found.all.at(-1)!;
console.log(`${cpus()[0].model}, ${positionals[0]}`);
console.log(`prompt ${last.promptTokens} tokens, ${(last.written / samples).toFixed(1)} tokens a chain`);
console.log(
  `one chain ${one.toFixed(0)} ms, ${samples} chains ${all.toFixed(0)} ms: ${ratio.toFixed(2)} times as long`,
);
console.log(`tokens ${last.computedTokens} computed, ${last.naive} without a shared prefix`);
