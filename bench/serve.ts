/**
 * Many streams at once against a running OpenAI-compatible server, ours or another: time to first token, time between
 * tokens, tokens a second beside those of one stream alone, and how evenly the streams are served.
 *
 *     npm run bench && node build/bench/bench/serve.js http://127.0.0.1:8080 [--model NAME] [--streams 32]
 *         [--prompt WORDS] [--answer TOKENS] [--alone N] [--check] [--key KEY] [--extra JSON] [--json]
 *
 * Every stream has a prompt of its own. --check asks for every answer alone as well and compares: greedy answers must be
 * the same. --extra goes into every request; the default, {"ignore_eos":true}, makes all answers equally long on servers
 * that know it. Tokens are those that the server counts; times are those of pieces of text.
 */
import { parseArgs } from 'node:util';
import { createRandom } from '../src/support/random.ts';
import { type Answer, type Server, streamChat } from './stream-chat.ts';

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    model: { type: 'string' },
    streams: { type: 'string', default: '32' },
    prompt: { type: 'string', default: '64' },
    answer: { type: 'string', default: '128' },
    alone: { type: 'string', default: '4' },
    check: { type: 'boolean', default: false },
    key: { type: 'string' },
    extra: { type: 'string', default: '{"ignore_eos":true}' },
    json: { type: 'boolean', default: false },
  },
});
const url = positionals[0];
if (url === undefined) throw new Error('give the address of a server: http://127.0.0.1:8080');
const [streams, words, tokens, alone] = [options.streams, options.prompt, options.answer, options.alone].map(Number);

const server: Server = {
  url,
  key: options.key,
  model: options.model ?? (await firstModel()),
  extra: JSON.parse(options.extra) as Record<string, unknown>,
};
const prompts = Array.from({ length: streams }, (_, i) => promptOf(i));
const ask = (prompt: string): Promise<Answer> => streamChat(server, prompt, tokens);

await ask(promptOf(streams)); // the first request of a process warms it up
// Prompts of the measured streams must not be known from before, so others are asked alone.
const single = await inTurn(Array.from({ length: alone }, (_, i) => promptOf(streams + 1 + i)));
const begin = performance.now();
const together = await Promise.all(prompts.map(ask));
const seconds = (performance.now() - begin) / 1000;
const differing = options.check ? differences(await inTurn(prompts), together) : undefined;

const rates = {
  alone: tokensOf(single) / sum(single.map(({ total }) => total / 1000)),
  together: tokensOf(together) / seconds,
};
const report = {
  url,
  model: server.model,
  streams,
  promptTokens: mean(together.map(answer => answer.promptTokens)),
  answerTokens: mean(together.map(answer => answer.completionTokens)),
  alone: { ...times(single), tokensPerSecond: rates.alone },
  together: { ...times(together), tokensPerSecond: rates.together },
  ratio: rates.together / rates.alone,
  fairness: fairness(together),
  ...(differing && { differing: differing.length }),
};
if (options.json) console.log(JSON.stringify(report, null, 2));
else print();
if (differing?.length) {
  for (const i of differing.slice(0, 3)) console.error(`differs from the answer alone: ${prompts[i].slice(0, 60)}…`);
  process.exitCode = 1;
}

async function firstModel(): Promise<string> {
  const headers: Record<string, string> = options.key ? { authorization: `Bearer ${options.key}` } : {};
  const response = await fetch(new URL('/v1/models', url), { headers });
  if (!response.ok) throw new Error(`${response.status} ${await response.text()}`);
  const { data } = (await response.json()) as { data: { id: string }[] };
  if (data.length === 0) throw new Error('the server has no model');
  return data[0].id;
}

async function inTurn(questions: readonly string[]): Promise<Answer[]> {
  const answers: Answer[] = [];
  for (const question of questions) answers.push(await ask(question));
  return answers;
}

/** Words that no other prompt begins with. */
function promptOf(index: number): string {
  const random = createRandom(index);
  const word = (): string => Array.from({ length: 2 + random.below(6) }, () => 'etaoinsrhl'[random.below(10)]).join('');
  return `${index}: ${Array.from({ length: Math.max(1, words - 1) }, word).join(' ')}`;
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
function mean(numbers: readonly number[]): number {
  return sum(numbers) / numbers.length;
}
function tokensOf(answers: readonly Answer[]): number {
  return sum(answers.map(({ completionTokens }) => completionTokens));
}
function percentile(numbers: readonly number[], share: number): number {
  const sorted = [...numbers].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))];
}

/** Milliseconds. */
function times(answers: readonly Answer[]) {
  const first = answers.map(({ pieces }) => pieces[0]);
  const between = answers.flatMap(({ pieces }) => pieces.slice(1).map((time, i) => time - pieces[i]));
  const both = (numbers: readonly number[]) => ({ p50: percentile(numbers, 0.5), p99: percentile(numbers, 0.99) });
  return { toFirstToken: both(first), betweenTokens: both(between) };
}

/** Jain's index (Jain et al. 1984) is 1 when all are equal, and 1 / n when one has it all. */
function evenness(shares: readonly number[]) {
  const jain = sum(shares) ** 2 / (shares.length * sum(shares.map(share => share ** 2)));
  return { least: Math.min(...shares), most: Math.max(...shares), jain };
}

/** What each stream had been given when the first of them ended, and what it was given a second from request to end. */
function fairness(answers: readonly Answer[]) {
  const firstEnd = Math.min(...answers.map(({ pieces }) => pieces[pieces.length - 1]));
  const given = answers.map(({ pieces }) => pieces.filter(time => time <= firstEnd).length);
  const rates = answers.map(({ completionTokens, total }) => (completionTokens / total) * 1000);
  return { given: evenness(given), tokensPerSecond: evenness(rates) };
}

/** Indices of answers that are not the same. */
function differences(expected: readonly Answer[], actual: readonly Answer[]): number[] {
  return [...expected.keys()].filter(i => expected[i].text !== actual[i].text);
}

function print(): void {
  const milliseconds = ({ p50, p99 }: { p50: number; p99: number }): string =>
    `${p50.toFixed(1).padStart(9)} ${p99.toFixed(1).padStart(9)}`;
  const { promptTokens, answerTokens } = report;
  console.log(`${server.model} at ${url}: ${promptTokens.toFixed(0)} tokens in, ${answerTokens.toFixed(0)} out`);
  console.log(`${'streams'.padEnd(9)} first ms p50       p99   between p50       p99   tokens/s`);
  for (const [count, row] of [
    [1, report.alone],
    [streams, report.together],
  ] as const) {
    const { toFirstToken, betweenTokens, tokensPerSecond } = row;
    const columns = `${milliseconds(toFirstToken)}     ${milliseconds(betweenTokens)}`;
    console.log(`${String(count).padEnd(12)} ${columns} ${tokensPerSecond.toFixed(1).padStart(10)}`);
  }
  const { given, tokensPerSecond: rate } = report.fairness;
  console.log(`throughput × ${report.ratio.toFixed(2)}`);
  const jain = (index: number): string => `Jain's index ${index.toFixed(4)}`;
  console.log(`when the first stream ended: ${given.least} to ${given.most} tokens each, ${jain(given.jain)}`);
  console.log(
    `from request to end: ${rate.least.toFixed(1)} to ${rate.most.toFixed(1)} tokens/s each, ${jain(rate.jain)}`,
  );
  if (differing) console.log(`answers as alone: ${streams - differing.length} of ${streams}`);
}
