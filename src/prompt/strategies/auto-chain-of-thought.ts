/**
 * Auto-CoT (Zhang et al. 2022, arXiv:2210.03493): examples with chains that the model writes itself. Questions are clustered by
 * k-means over their vectors; in each cluster the question nearest to the centre whose zero-shot chain passes plain rules (60 words
 * of question and 5 lines of reasoning at most, an answer in it) is taken. Done once, then asked as few-shot chains.
 */
import { z } from 'zod';
import { kMeans } from '../examples/k-means.ts';
import { vectorsOf } from '../examples/vectors.ts';
import type { Problem } from '../program/problem.ts';
import { TRIGGERS } from './chain-of-thought.ts';
import type { Session } from './session.ts';
import { draw, strategy } from './strategy.ts';

const options = z.strictObject({
  /** Rows with questions, without answers; in a file: its path. */
  questions: z.array(z.record(z.string(), z.unknown())).min(1),
  clusters: z.int().min(1).default(8),
  language: z.enum(['en', 'zh']).default('en'),
  by: z.enum(['bm25', 'embeddings']).default('bm25'),
  maxWords: z.int().positive().default(60),
  maxLines: z.int().positive().default(5),
});
type Options = z.output<typeof options>;

interface Demonstration {
  question: string;
  answer: string;
}

/** Made once for each model, as the first question finds it. */
const made = new WeakMap<object, Map<string, Promise<Demonstration[]>>>();

export const autoChainOfThought = strategy({
  about: 'chains of thought as examples that the model writes itself, one a cluster of questions (Zhang et al. 2022)',
  options,
  async run(problem, options, session) {
    const known = made.get(session.completer) ?? new Map<string, Promise<Demonstration[]>>();
    made.set(session.completer, known);
    const key = JSON.stringify(options);
    const examples = known.get(key) ?? demonstrations(problem, options, session);
    known.set(key, examples);
    examples.catch(() => known.delete(key));
    const prompt = problem.withExamples!(await examples);
    const [chain] = await draw(problem, session, { prompt, prefill: prefillOf(problem, options) });
    session.end(chain);
    return { answer: chain.answer };
  },
});

const prefillOf = ({ prompt }: Problem, { language }: Options): string =>
  (typeof prompt === 'string' && language === 'en' ? ' ' : '') + TRIGGERS[language].think;

async function demonstrations(problem: Problem, options: Options, session: Session): Promise<Demonstration[]> {
  const { by, maxWords, maxLines } = options;
  const questions = options.questions.map(row => problem.ask!(row));
  const vectors = await vectorsOf(questions, by, session.completer, session.signal);
  const clusters = kMeans(vectors, Math.min(options.clusters, questions.length), { seed: 0 });
  const prefill = prefillOf(problem, options);
  const chosen: Demonstration[] = [];
  for (const nearestFirst of clusters) {
    for (const question of nearestFirst.map(i => questions[i])) {
      if (question.split(/\s+/).length > maxWords) continue;
      const [chain] = await draw(problem, session, { prompt: problem.withExamples!([], question), prefill });
      if (!chain.answer || chain.text.trim().split('\n').length > maxLines) continue;
      chosen.push({ question, answer: chain.text });
      session.note(`example: ${question}`);
      break;
    }
  }
  return chosen;
}
