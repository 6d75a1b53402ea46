/**
 * Prompts that an optimiser may try: an instruction, and examples that are rows with their answers or solutions of the model itself
 * that came out right (Khattab et al. 2023, arXiv:2310.03714: labelled and bootstrapped few-shot).
 */
import type { Random } from '../../support/random.ts';
import { type Case, casesOf } from '../evaluate/evaluate-prompt.ts';
import type { OpenPrompt } from '../open-prompt.ts';
import { createPromptFile, type PromptFile } from '../program/prompt-file.ts';
import { COMPLETION, type Fields } from '../program/signature.ts';
import type { TokenCap } from '../strategies/session.ts';
import { CapReached } from './cap.ts';

export interface Candidate {
  instruction?: string;
  /** With `completion` where the model wrote the answer. */
  examples: readonly Fields[];
}

/** The prompt file with a candidate in it. Zero examples are zero. */
export function fileWith(file: PromptFile, { instruction, examples }: Candidate): PromptFile {
  const { instruction: own, strategy, ...rest } = file.options;
  const changed = {
    ...rest,
    strategy,
    ...((instruction ?? own) !== undefined && { instruction: instruction ?? own }),
    examples: { rows: [...examples], select: 'fixed' },
  };
  return { ...createPromptFile(changed, file.path), path: file.path, folder: file.folder };
}

/** Rows with their answers, drawn. */
export function labelled(rows: readonly Fields[], count: number, random: Random): Fields[] {
  const open = [...rows];
  const chosen: Fields[] = [];
  while (chosen.length < count && open.length > 0) chosen.push(...open.splice(random.below(open.length), 1));
  return chosen;
}

export interface BootstrapOptions {
  /** Solutions of the model's own. Default 4. */
  bootstrapped?: number;
  /** All examples together, filled up with labelled rows. Default 16. */
  labelled?: number;
  seed?: number;
  cap?: TokenCap;
  signal?: AbortSignal;
}

/**
 * Examples from the prompt at work: rows are solved in turn, and the chains that led to right answers are examples.
 *
 * @throws CapReached
 */
export async function bootstrap(
  open: OpenPrompt,
  rows: readonly Fields[],
  random: Random,
  { bootstrapped = 4, labelled: most = 16, seed = 0, cap, signal }: BootstrapOptions = {},
): Promise<Fields[]> {
  const order = labelled(rows, rows.length, random);
  const cases: Case[] = casesOf(open, order, 'training rows');
  const chosen: Fields[] = [];
  const used = new Set<number>();
  for (let i = 0; i < order.length && chosen.length < bootstrapped; i++) {
    const result = await open.solve(await cases[i].problem(signal), { seed: seed + i, cap, signal });
    if (result.isCut) throw new CapReached();
    if (!result.answer || !cases[i].isRight(result.answer)) continue;
    const chain = result.chains.find(one => one.answer?.key === result.answer!.key);
    if (!chain || chain.text.trim() === '') continue;
    used.add(i);
    chosen.push({ ...order[i], [COMPLETION]: chain.text.trimEnd() });
  }
  const rest = order.filter((_, i) => !used.has(i));
  return [...labelled(rest, Math.max(0, most - chosen.length), random), ...chosen];
}
