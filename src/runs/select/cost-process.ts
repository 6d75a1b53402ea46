/** Measures one model, alone in its process, so that its peak of memory is its own. */
import type { EvaluatedModel } from '../../evaluate/models/evaluated-model.ts';
import { openAnyModel } from '../../evaluate/models/open-any.ts';
import { messageOf } from '../../support/errors.ts';
import { residentBytes } from '../../support/resident.ts';
import { configureRuntime } from '../../torch/cpu.ts';
import type { CostJob, Costs } from './costs.ts';

const PAGE = 4096;

/** Each measurement is the best of n: other load on the machine can only make it slower. */
const TIMES = 3;

async function bestSeconds(work: () => Promise<unknown>): Promise<number> {
  let best = Number.POSITIVE_INFINITY;
  for (let i = 0; i < TIMES; i++) {
    const start = performance.now();
    await work();
    best = Math.min(best, (performance.now() - start) / 1000);
  }
  return best;
}

async function writing(
  model: EvaluatedModel,
  { prompt, tokens }: CostJob,
): Promise<Pick<Costs, 'tokensPerSecond' | 'firstToken'>> {
  const write = async (maxNewTokens: number): Promise<string> => {
    const [text] = await model.generateUntil([{ context: prompt, until: [], maxNewTokens, options: {} }]);
    return text;
  };
  const text = await write(tokens);
  const [{ tokens: written }] =
    text === '' ? [{ tokens: 1 }] : await model.loglikelihood([{ context: prompt, continuation: text }]);
  const firstToken = await bestSeconds(() => write(1));
  const whole = await bestSeconds(() => write(tokens));
  // An answer that ended at once has no rest to time.
  if (written < 4) return { tokensPerSecond: 1 / firstToken, firstToken };
  return { tokensPerSecond: (written - 1) / Math.max(1e-6, whole - firstToken), firstToken };
}

async function scoring(
  model: EvaluatedModel,
  { prompt }: CostJob,
): Promise<Pick<Costs, 'tokensPerSecond' | 'firstToken'>> {
  const [{ tokens }] = await model.loglikelihoodRolling([prompt]);
  const seconds = await bestSeconds(() => model.loglikelihoodRolling([prompt]));
  return { tokensPerSecond: tokens / seconds, firstToken: null };
}

const job = JSON.parse(process.argv[2]) as CostJob;
configureRuntime();
try {
  const before = residentBytes().now;
  const { model, folder } = await openAnyModel(job.name, { ...job.options, apiKey: process.env.OPENAI_API_KEY });
  const speed = model.scoring === 'masked' ? await scoring(model, job) : await writing(model, job);
  // The kernel counts to some dozen pages: of a very small model the difference may come out below nothing.
  const memory = folder === undefined ? null : Math.max(PAGE, residentBytes().peak - before);
  process.stdout.write(`${JSON.stringify({ costs: { ...speed, memory } })}\n`);
} catch (error) {
  process.stdout.write(`${JSON.stringify({ failed: messageOf(error) })}\n`);
}
process.exit(0);
