/**
 * Reflective prompt evolution (GEPA; Agrawal et al. 2025, arXiv:2507.19457): a capable model reads what went wrong on a few rows and
 * writes a better instruction. One that does better on these rows is scored on all; which instruction is changed next is drawn among
 * those that are the best on some row, so that what one learnt is not lost for the mean. A prompt here has one instruction, so that
 * there is nothing to merge.
 */
import { randomFor } from '../../support/random.ts';
import type { CaseResult } from '../evaluate/evaluate-prompt.ts';
import type { Fields } from '../program/signature.ts';
import { labelled } from './candidates.ts';
import { drawFromFront } from './pareto.ts';
import type { Search } from './search.ts';

/** Rows that a reflection is about, as in the paper. */
export const REFLECTION_ROWS = 3;
/** Most tokens of an instruction that is written. */
export const REFLECTION_TOKENS = 1024;

export const gepa: Search = async (bench, { rows, seed, trials, asItIs }) => {
  const pool = [{ ...asItIs, trial: 1 }];
  for (let round = 0; round < trials; round++) {
    const random = randomFor(seed, 12, round);
    const parent =
      pool[
        drawFromFront(
          pool.map(({ scores }) => scores),
          random,
        )
      ];
    const batch = labelled(rows, REFLECTION_ROWS, random);
    const before = await bench.tryOn(parent.candidate, batch);
    if (before.every(({ isRight }) => isRight)) continue; // nothing to learn from these
    const written = await bench.reflect(
      reflectionOn(parent.candidate.instruction ?? '', batch, before, bench.question),
      round,
    );
    const instruction = instructionIn(written);
    if (instruction === '') continue;
    const candidate = { ...parent.candidate, instruction: instruction + bench.instructionEnd };
    const after = await bench.tryOn(candidate, batch);
    const right = (cases: readonly CaseResult[]): number => cases.filter(({ isRight }) => isRight).length;
    const note = `reflection ${round + 1} on trial ${parent.trial}: ${right(before)} → ${right(after)} of ${batch.length}`;
    if (right(after) <= right(before)) {
      bench.note(`${note}, left`);
      continue;
    }
    const cases = await bench.scoreEach(candidate, note);
    pool.push({ candidate, scores: cases.map(({ isRight }) => Number(isRight)), trial: bench.trials() });
  }
};

/** What the reflecting model is asked. */
export function reflectionOn(
  instruction: string,
  rows: readonly Fields[],
  cases: readonly CaseResult[],
  question: (row: Fields) => string,
): string {
  const shown = cases.map(({ answer, target, isRight, result }, i) => {
    const text = result.chains.at(-1)?.text.trim() ?? '';
    const found = answer === null ? 'no answer was found in it' : `its answer is ${answer}`;
    const said = isRight ? `Right: ${found}.` : `Wrong: ${found}; the right one is ${target}.`;
    return `# Example ${i + 1}\n## Question\n${question(rows[i])}\n## Response\n${text}\n## Feedback\n${said}`;
  });
  return `An assistant was given this instruction:
\`\`\`
${instruction.trim()}
\`\`\`

Below are questions, what the assistant responded, and feedback on it.

${shown.join('\n\n')}

Write a new instruction for the assistant. Find out from the examples what form questions have and what is asked for; put in every fact about the task that the feedback shows and that the assistant may not know; keep what made responses right; if there is a way that solves such questions, say it. The instruction must hold for other questions than these. Give it between \`\`\` marks.`;
}

/** What stands between the first and the last fence; without fences all of it. */
export function instructionIn(text: string): string {
  const [from, to] = [text.indexOf('```'), text.lastIndexOf('```')];
  if (from < 0) return text.trim();
  const inside = to > from ? text.slice(from + 3, to) : text.slice(from + 3);
  return inside.replace(/^[a-z]*\n/, '').trim();
}
