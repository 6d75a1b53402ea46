/** Instructions to choose from: plain ones that suit any task, and what the model itself proposes from some rows (MIPRO's proposer). */
import type { OpenPrompt } from '../open-prompt.ts';
import type { Fields } from '../program/signature.ts';
import { BudgetSpent, createSession, type TokenCap } from '../strategies/session.ts';
import { CapReached } from './cap.ts';

const PLAIN = {
  en: ['Answer the question.', 'Think step by step, then give the answer.', 'Work carefully and check each step.'],
  zh: ['回答问题。', '一步一步地思考，然后给出答案。', '仔细计算，并检查每一步。'],
} as const;

export interface ProposeOptions {
  count: number;
  language?: 'en' | 'zh';
  /** Whether the model proposes some, too. */
  proposes?: boolean;
  seed?: number;
  cap?: TokenCap;
  signal?: AbortSignal;
}

/** The file's own instruction first; undefined stands for none. @throws CapReached */
export async function instructionsFor(
  open: OpenPrompt,
  rows: readonly Fields[],
  { count, language = 'en', proposes = false, seed = 0, cap, signal }: ProposeOptions,
): Promise<(string | undefined)[]> {
  const { prompt, options } = open.file;
  const end = prompt.isChat ? '' : prompt.separator;
  const own = [options.instruction, ...PLAIN[language].map(text => text + end)];
  const left = count - own.length;
  if (!proposes || left <= 0) return own.slice(0, count);
  const shown = rows.slice(0, 5).map(row => prompt.question(row) + prompt.answer(row));
  const asked = `${shown.join('\n\n')}\n\nAn instruction in one sentence for somebody who is to answer such questions:`;
  const session = createSession(open.completer, { seed, cap, signal });
  try {
    const { completions } = await session.complete({
      prompt: prompt.isChat ? [{ role: 'user', content: asked }] : asked,
      n: left,
      temperature: 1,
      maxTokens: 48,
      stop: ['\n\n'],
    });
    const texts = completions.map(({ text }) => text.trim()).filter(text => text !== '');
    return [...new Set([...own, ...texts.map(text => text + end)])];
  } catch (error) {
    throw error instanceof BudgetSpent ? new CapReached() : error;
  }
}
