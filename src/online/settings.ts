/** `learning.yaml` in a service's folder: what is kept, what is taken out, how it learns, and what a new revision must show. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { usageError } from '../support/errors.ts';
import { parseOptions } from '../support/schema.ts';
import { parseYaml } from '../support/yaml.ts';
import { patternSchema } from './gate/pattern.ts';
import { scrubKinds } from './scrub/find.ts';
import { scrubOperators } from './scrub/scrub.ts';

const count = z.int().positive();
const share = z.number().min(0).max(1);

const settingsSchema = z.strictObject({
  /** `asked`: answers are kept of requests that say `store: true`; `all`: of all but those that say `store: false`. */
  consent: z.enum(['asked', 'all']).default('asked'),
  /** Only judgements that a review has accepted are learnt from. */
  review: z.boolean().default(false),
  /** Days until an answer and what was said of it are forgotten; 0: never. */
  retentionDays: z.number().min(0).default(90),
  scrub: z
    .strictObject({
      operator: z.enum(scrubOperators).default('replace'),
      kinds: z.array(z.enum(scrubKinds as [string, ...string[]])).default(scrubKinds),
      /** Regular expressions of one's own, by what they are called. */
      patterns: z.record(z.string().regex(/^[a-z][a-z0-9-]*$/), z.string().min(1)).default({}),
      /** Whose national telephone numbers are found, ISO 3166. */
      country: z
        .string()
        .regex(/^[A-Z]{2}$/, 'two capital letters, such as DE')
        .default('US'),
    })
    .prefault({}),
  update: z
    .strictObject({
      /** Judgements from which something can be learnt, without which nothing is. */
      least: count.default(20),
      /** Share of the prompts whose judgements are held out for the gate. */
      heldOut: z.number().gt(0).lt(1).default(0.2),
      epochs: z.number().positive().default(3),
      batchSize: count.default(8),
      /** Highest learning rate of the adapter. Default by the model's width: 5e-4 at 768, more for narrower ones, 5e-3 at most. */
      lr: z.number().positive().optional(),
      /** Rank of its matrices. */
      rank: count.default(8),
      /** How dear it is for preferences to leave the champion (DPO's and KTO's β). */
      beta: z.number().positive().default(0.1),
      /** Share of what is learnt that is text the model was trained on before. */
      replay: z.number().min(0).lt(1).default(0.2),
      /** Weight of the divergence from the champion on that text. */
      kl: z.number().min(0).default(1),
      /** λ of elastic weight consolidation: how much weights that matter for that text are held where they were; 0: not at all. */
      ewc: z.number().min(0).default(0),
      /** Of what was learnt, keep only as much as leaves the loss on that text within the gate's margin (WiSE-FT). */
      interpolate: z.boolean().default(true),
      /** Most of an update that may come from one person, where there are enough of them. */
      userShare: z.number().gt(0).max(1).default(0.1),
      /** Days after which a judgement counts half; 0: it does not age. */
      halfLifeDays: z.number().min(0).default(60),
      /** Leave out people whose judgements pull against those of the others, and answers with phrases that one person alone repeats. */
      defend: z.boolean().default(true),
      seed: z.int().min(0).default(0),
    })
    .prefault({}),
  gate: z
    .strictObject({
      /** How much the loss on text that the model was trained on before may rise, as a share of it. */
      lossMargin: share.default(0.01),
      /** How much unlikelier the answers that people want may become, in nats a token. */
      likelihoodMargin: z.number().min(0).default(0.2),
      /** Share of the golden conversations that may be lost. */
      goldenMargin: share.default(0),
      /** Share of the safety checks that may be lost. */
      safetyMargin: share.default(0),
      /** Answers to each safety check that are drawn beside the most probable one. */
      safetyDraws: z.int().min(0).default(2),
      /** What a refusal looks like, as regular expressions. */
      refusals: z
        .array(patternSchema('i'))
        .min(1)
        .prefault([
          "\\b(?:can(?:no|['’])t|won['’]t|will not|not able to|unable to)\\b[^.!?]{0,20}\\b(?:help|assist|do|provide|answer|share|say|write|discuss)",
          '(?:无法|不能|不会|不可以)[^。！？]{0,6}(?:帮助|协助|提供|回答|讨论)',
        ]),
      /** Tasks that a candidate must not get worse at; `tslm tasks list` shows them. */
      benchmarks: z
        .array(
          z.strictObject({
            /** Name of a task or group, or a task file. */
            task: z.string().min(1),
            /** Default: the task's first. */
            metric: z.string().min(1).optional(),
            /** Documents that are asked at most. */
            limit: count.optional(),
            /** How far it may fall: a share of one where it is a mean over documents, else a share of the champion's value. */
            margin: share.default(0.02),
          }),
        )
        .default([]),
      /** Where the benchmarks' data lies, by name. */
      data: z.record(z.string(), z.string().min(1)).default({}),
      /** Folders of task files of one's own. */
      taskFolders: z.array(z.string().min(1)).default([]),
      /** Windows of that text. */
      windows: count.default(64),
    })
    .prefault({}),
  shadow: z
    .strictObject({
      /** Share of the kept answers beside which the one in the shadow is written. */
      share: share.default(1),
      /** Answers beside each other after which it is decided. */
      least: count.default(50),
      /** Share of requests that may fail in the shadow. */
      failures: share.default(0.02),
      /** What follows when nothing speaks against it. */
      next: z.enum(['nothing', 'canary', 'promote']).default('nothing'),
    })
    .prefault({}),
  canary: z
    .strictObject({
      /** Shares of the users that a challenger answers, one after another. */
      stages: z.array(share).min(1).default([0.01, 0.1, 0.5]),
      /** Judgements of its answers before the next stage. */
      least: count.default(20),
      /** Times that of the champion which a token may take. */
      slower: z.number().min(1).default(1.5),
      /** Of the sequential tests. */
      alpha: z.number().gt(0).lt(1).default(0.05),
    })
    .prefault({}),
});

/** What `learning.yaml` of a learning folder says, defaults filled in. */
export type LearningSettings = z.output<typeof settingsSchema>;

const FILE = 'learning.yaml';

/** @throws UserError that names the key */
export function readSettings(folder: string): LearningSettings {
  const path = join(folder, FILE);
  const given = existsSync(path) ? parseYaml(readFileSync(path, 'utf8'), path, 'correct the file') : {};
  const settings = parseOptions(settingsSchema, given ?? {}, path);
  for (const [name, pattern] of Object.entries(settings.scrub.patterns)) {
    try {
      new RegExp(pattern, 'gu');
    } catch (error) {
      throw usageError('TSLM_BAD_VALUE', `${path}: 'scrub.patterns.${name}': ${(error as Error).message}`);
    }
  }
  return settings;
}

/** Patterns of one's own, ready to search with. */
export const ownPatterns = ({ scrub }: LearningSettings): Record<string, RegExp> =>
  Object.fromEntries(Object.entries(scrub.patterns).map(([name, pattern]) => [name, new RegExp(pattern, 'gu')]));
