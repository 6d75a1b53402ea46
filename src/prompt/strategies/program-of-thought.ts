/**
 * Program of thoughts (Chen et al. 2022, arXiv:2211.12588): the model writes a program, a sandbox runs it, and what it computes is the
 * answer. A program that fails is written again with its error in view. Programs are JavaScript.
 */
import { z } from 'zod';
import { goOn, inFormOf } from '../program/problem.ts';
import { runProgram } from '../sandbox/run-program.ts';
import type { Chain } from './session.ts';
import { draw, strategy } from './strategy.ts';
import { countVotes, winner } from './votes.ts';

const options = z.strictObject({
  /** Programs whose answers vote. */
  samples: z.int().min(1).default(1),
  temperature: z.number().min(0).default(0),
  /** Times that a program which failed is written again. */
  repairs: z.int().min(0).default(1),
  /** Milliseconds, and mebibytes, that a program may take. */
  time: z.int().positive().default(500),
  memory: z.int().positive().default(16),
  /** Asks for a program; none: the prompt's examples have programs for answers. */
  ask: z
    .string()
    .default(
      '{question}\n\nWrite a JavaScript program that computes the answer and puts it into `const answer`.\n```js\n',
    ),
});

export const programOfThought = strategy({
  about: 'a program whose result is the answer (Chen et al. 2022)',
  options,
  async run(problem, { samples, temperature, repairs, time, memory, ask }, session) {
    const prompt = ask === 'none' ? problem.prompt : inFormOf(problem, ask.replaceAll('{question}', problem.question));
    const drawn = await draw(problem, session, { prompt, n: samples, temperature });
    const run = async (chain: Chain, left: number): Promise<Chain> => {
      session.signal?.throwIfAborted();
      const result = await runProgram(codeIn(chain.text), { time, memory: memory * 2 ** 20 });
      if (result.ok) {
        const text = result.value === undefined ? result.output : textOf(result.value);
        return { ...chain, text: `${chain.text}\n→ ${text}`, answer: problem.parse(text) };
      }
      session.note(result.error);
      const failed = { ...chain, text: `${chain.text}\n→ ${result.error}`, answer: null };
      if (left === 0) return failed;
      const again = goOn(prompt, chain.text, `The program failed: ${result.error}\nThe right program:\n\`\`\`js\n`);
      const [next] = await draw(problem, session, { prompt: again, temperature });
      return run(next, left - 1);
    };
    for (const chain of drawn) session.end(await run(chain, repairs));
    return { answer: winner(session.chains), votes: countVotes(session.chains) };
  },
});

/** What stands between a fence's marks; a text that has only the closing one began inside. */
export function codeIn(text: string): string {
  const [before, ...fenced] = text.split('```');
  if (fenced.length === 0) return before;
  const isOpened = fenced.length > 1 || before.trim() === '' || /^(?:js|javascript)\b/.test(fenced[0]);
  return isOpened ? fenced[0].replace(/^[a-z]*\s*\n/, '') : before;
}

const textOf = (value: unknown): string => (typeof value === 'object' ? JSON.stringify(value) : String(value));
