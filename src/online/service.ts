/** Learning beside a server: answers are kept, judgements taken, and the model that answers follows the links of the registry. */
import type { ModelPool } from '../engine/protocol.ts';
import { messageOf, UserError } from '../support/errors.ts';
import { forgetExpired } from './forget.ts';
import { createRecorder, type Recording } from './recorder.ts';
import { lockRegistry, openRegistry, type Registry } from './registry/registry.ts';
import { createScrubber } from './scrub/scrub.ts';
import { type LearningSettings, ownPatterns, readSettings } from './settings.ts';
import { type JudgementValue, rewardOf } from './store/judgement.ts';
import { type FeedbackStore, type Judgement, openStore } from './store/store.ts';
import { adwin } from './watch/adwin.ts';
import { canaryOf, placeOf, watch } from './watch/canary.ts';

export interface LearningOptions {
  folder: string;
  /** Folder of the model, and its name in requests. */
  path: string;
  model: string;
  pool: ModelPool;
  onNote?: (note: string) => void;
  onError?: (problem: string) => void;
  /** Milliseconds between two looks at the links. Default 500. */
  followMs?: number;
}

/** A number for `/metrics`. */
export interface LearningFigure {
  name: string;
  help: string;
  labels: Record<string, string>;
  value: number;
}

export interface LearningService {
  readonly model: string;
  readonly store: FeedbackStore;
  readonly registry: Registry;
  readonly settings: LearningSettings;
  /** Whether a request with this `store` is kept. */
  keeps(store: boolean | undefined): boolean;
  record(asked: { id: string; revision: string; user: string; conversation?: string }): Recording;
  /** The name in the pool of what answers somebody. */
  route(user: string): string;
  /** Keeps judgements of an answer, all or none. */
  judge(given: { answer: string; position: number; user: string; values: readonly JudgementValue[] }): Judgement[];
  figures(): LearningFigure[];
  /** Loads what the links name, and follows them from then on. */
  start(): Promise<void>;
  close(): Promise<void>;
}

export function createLearning({
  folder,
  path,
  model,
  pool,
  onNote = () => {},
  onError = () => {},
  followMs = 500,
}: LearningOptions): LearningService {
  const store = openStore(folder);
  const registry = openRegistry(store, path);
  const settings = readSettings(folder);
  const scrub = createScrubber(store.keyed, { ...settings.scrub, patterns: ownPatterns(settings) });
  const drift = { reward: adwin(), logprob: adwin() };
  const challengerName = `${model}@challenger`;
  let serving = registry.base.id;
  let challenging: string | undefined;
  let timer: NodeJS.Timeout | undefined;
  let following: Promise<void> | undefined;
  let problem: string | undefined;

  const begin = createRecorder({
    store,
    scrub,
    retentionDays: settings.retentionDays,
    onAnswer({ logprob }) {
      if (logprob !== undefined) drift.logprob.add(logprob);
    },
  });

  async function follow(): Promise<void> {
    const champion = registry.alias('champion') ?? registry.base.id;
    if (champion !== serving) {
      const { drained } = await pool.replace(model, registry.pathOf(champion));
      onNote(`${model}: ${champion} answers in place of ${serving}`);
      serving = champion;
      void drained.catch(error => onError(messageOf(error)));
    }
    const challenger = registry.alias('challenger');
    if (challenger === challenging) return;
    if (challenging !== undefined) {
      challenging = undefined;
      await pool.unload(challengerName);
    }
    if (challenger === undefined) return;
    await pool.load({ path: registry.pathOf(challenger), name: challengerName, parent: model });
    challenging = challenger;
    onNote(`${model}: ${challenger} answers a part of the people`);
  }

  /** One after another; what cannot be loaded is told once, and what was there goes on. */
  const followOn = (): Promise<void> =>
    (following ??= follow()
      .then(() => {
        problem = undefined;
      })
      .catch(error => {
        const told = messageOf(error);
        if (told !== problem) onError(told);
        problem = told;
      })
      .finally(() => (following = undefined)));

  return {
    model,
    store,
    registry,
    settings,
    keeps: given => (settings.consent === 'all' ? given !== false : given === true),
    record: asked => begin({ ...asked, model }),
    route(user) {
      if (challenging === undefined) return model;
      const { stage } = canaryOf(folder, challenging)!;
      const share = settings.canary.stages[Math.min(stage, settings.canary.stages.length - 1)];
      return placeOf(store.keyed.digest, store.keyed.user(user), challenging) < share ? challengerName : model;
    },
    judge({ answer, position, user, values }) {
      const clean = values.map(value => scrubOf(value, scrub));
      const kept = store.database
        .transaction(() => {
          const added = clean.map(value =>
            store.addJudgement({ answer, position, user: store.keyed.user(user), value }),
          );
          store.countScrubbed(scrub.take());
          return added;
        })
        .immediate();
      for (const value of values) {
        const reward = rewardOf(value);
        if (reward !== undefined) drift.reward.add(reward);
      }
      try {
        using _lock = lockRegistry(folder);
        const seen = watch(store, registry, settings);
        if (seen !== 'nothing') onNote(`${model}: ${seen}`);
      } catch (error) {
        // A round of learning has the lock: the next judgement looks again. The judgement itself is kept, whatever else went wrong.
        const isLocked = error instanceof UserError && error.code === 'TSLM_LOCKED';
        if (!isLocked) onNote(`${model}: the canary could not be judged: ${messageOf(error)}`);
      }
      return kept;
    },
    figures() {
      const { kinds, answers } = store.counts();
      const help = 'Change of the mean that ADWIN has found since the start';
      const figures: LearningFigure[] = [
        { name: 'tslm_feedback_answers', help: 'Answers that are kept', labels: {}, value: answers },
        ...Object.entries(kinds).map(([kind, value]) => ({
          name: 'tslm_feedback_judgements',
          help: 'Judgements that are kept',
          labels: { kind },
          value,
        })),
        {
          name: 'tslm_reward_mean',
          help: 'Mean reward since it last changed, −1 to 1',
          labels: {},
          value: drift.reward.mean,
        },
        {
          name: 'tslm_logprob_mean',
          help: 'Mean log-probability of a token since it last changed',
          labels: {},
          value: drift.logprob.mean,
        },
        { name: 'tslm_drift_changes', help, labels: { of: 'reward' }, value: drift.reward.changes },
        { name: 'tslm_drift_changes', help, labels: { of: 'logprob' }, value: drift.logprob.changes },
        ...(
          [
            ['champion', serving],
            ['challenger', challenging],
          ] as const
        ).flatMap(([role, revision]) =>
          revision === undefined
            ? []
            : [{ name: 'tslm_revision', help: 'Revisions that answer', labels: { role, revision }, value: 1 }],
        ),
      ];
      return figures;
    },
    async start() {
      forgetExpired(store, registry);
      await followOn();
      timer = setInterval(() => void followOn(), followMs).unref();
    },
    async close() {
      clearInterval(timer);
      await following;
      store[Symbol.dispose]();
    },
  };
}

/** Corrections and remarks are texts of people. */
const scrubOf = (value: JudgementValue, scrub: (text: string) => string): JudgementValue => {
  if (value.kind === 'correction') return { ...value, correction: scrub(value.correction) };
  if (value.kind === 'text') return { ...value, text: scrub(value.text) };
  return value;
};
