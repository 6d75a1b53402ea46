/** Learning beside a server: answers are kept, judgements taken, and the model that answers follows the links of the registry. */
import type { ModelPool } from '../engine/protocol.ts';
import { messageOf, UserError } from '../support/errors.ts';
import { forgetExpired } from './forget.ts';
import { forbidden as forbiddenIn, readSafety } from './gate/safety.ts';
import { createRecorder, type Kept, type Recording } from './recorder.ts';
import { lockRegistry, openRegistry, type Registry } from './registry/registry.ts';
import { announce, withdraw } from './registry/services.ts';
import { createScrubber } from './scrub/scrub.ts';
import { type LearningSettings, ownPatterns, readSettings } from './settings.ts';
import { countFailure, countTexts, failuresOf, type ShadowFigures, shadowFigures } from './shadow/compare.ts';
import { createShadowRunner } from './shadow/runner.ts';
import { watchShadow } from './shadow/watch.ts';
import { type JudgementValue, rewardOf } from './store/judgement.ts';
import { type FeedbackStore, openStore } from './store/store.ts';
import type { Judgement } from './store/stored.ts';
import { adwin } from './watch/adwin.ts';
import { canaryOf, placeOf, watch } from './watch/canary.ts';
import { createOutcomes, type Outcome } from './watch/outcomes.ts';

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
  /** How a request ended that a revision answered. */
  observe(revision: string, outcome: Outcome): void;
  /** Keeps judgements of an answer, all or none. */
  judge(given: { answer: string; position: number; user: string; values: readonly JudgementValue[] }): Judgement[];
  figures(): LearningFigure[];
  /** Of what answers in the shadow; undefined where nothing does. */
  shadow(): ShadowFigures | undefined;
  /** Loads what the links name, and follows them from then on. */
  start(): Promise<void>;
  close(): Promise<void>;
}

/** Requests of a revision after which it is looked at, if nothing was said of it meanwhile. */
const LOOK_EVERY = 20;

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
  const outcomes = createOutcomes();
  const drift = { reward: adwin(), logprob: adwin() };
  const challengerName = `${model}@challenger`;
  let serving = registry.base.id;
  let challenging: string | undefined;
  let shadowing: string | undefined;
  let compared: { key: string; figures: ShadowFigures } | undefined;
  let timer: NodeJS.Timeout | undefined;
  let following: Promise<void> | undefined;
  let problem: string | undefined;

  const shadowName = `${model}@shadow`;
  const forbidden = forbiddenIn(readSafety(folder));
  const recorded = { store, scrub, retentionDays: settings.retentionDays };
  const begin = createRecorder({
    ...recorded,
    onAnswer(kept) {
      if (kept.logprob !== undefined) drift.logprob.add(kept.logprob);
      if (isForShadow(kept)) shadow.offer(kept);
    },
  });
  const shadow = createShadowRunner({
    pool,
    name: shadowName,
    record: createRecorder(recorded),
    onAnswer: answer => look('shadow', () => watchShadow(store, registry, settings, { forbidden, answer })),
    onFailure(code) {
      if (shadowing === undefined) return;
      countFailure(store, shadowing, code);
      look('shadow', () => watchShadow(store, registry, settings, { forbidden }));
    },
  });

  /** What the champion answered, without thoughts, which are not kept; always the same share of the answers. */
  const isForShadow = ({ asked, hasThoughts }: Kept): boolean =>
    shadowing !== undefined &&
    asked.revision === serving &&
    !hasThoughts &&
    placeOf(store.keyed.digest, asked.id, 'shadow') < settings.shadow.share;

  /** Looks at what is tried, with the registry's lock. */
  function look(what: string, watched: () => string): void {
    try {
      using _lock = lockRegistry(folder);
      const seen = watched();
      if (seen !== 'nothing') onNote(`${model}: ${seen}`);
    } catch (error) {
      // A round of learning has the lock: the next look sees as much. What was kept is kept, whatever else went wrong.
      const isLocked = error instanceof UserError && error.code === 'TSLM_LOCKED';
      if (!isLocked) onNote(`${model}: the ${what} could not be judged: ${messageOf(error)}`);
    }
  }

  async function follow(): Promise<void> {
    const champion = registry.alias('champion') ?? registry.base.id;
    if (champion !== serving) {
      const { drained } = await pool.replace(model, registry.pathOf(champion));
      onNote(`${model}: ${champion} answers in place of ${serving}`);
      serving = champion;
      announce(folder, serving);
      void drained.catch(error => onError(messageOf(error)));
    }
    const challenger = registry.alias('challenger');
    if (challenger !== challenging) {
      if (challenging !== undefined) {
        challenging = undefined;
        await pool.unload(challengerName);
      }
      if (challenger !== undefined) {
        await pool.load({ path: registry.pathOf(challenger), name: challengerName, parent: model });
        challenging = challenger;
        onNote(`${model}: ${challenger} answers a part of the people`);
      }
    }
    const inShadow = registry.alias('shadow');
    if (inShadow === shadowing) return;
    if (shadowing !== undefined) {
      shadowing = undefined;
      await pool.unload(shadowName);
    }
    if (inShadow === undefined) return;
    await pool.load({ path: registry.pathOf(inShadow), name: shadowName, parent: model });
    shadowing = inShadow;
    onNote(`${model}: ${inShadow} answers in the shadow`);
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
    observe(revision, outcome) {
      const count = outcomes.add(revision, outcome);
      if (outcome.failed || count % LOOK_EVERY === 0) {
        look('canary', () => watch(store, registry, settings, outcomes));
      }
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
      look('canary', () => watch(store, registry, settings, outcomes));
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
            ['shadow', shadowing],
          ] as const
        ).flatMap(([role, revision]) =>
          revision === undefined
            ? []
            : [{ name: 'tslm_revision', help: 'Revisions that answer', labels: { role, revision }, value: 1 }],
        ),
      ];
      return figures;
    },
    shadow() {
      if (shadowing === undefined) return undefined;
      // Texts are compared again only when there are others.
      const key = [
        shadowing,
        countTexts(store, shadowing),
        failuresOf(store, shadowing),
        store.counts().judgements,
      ].join();
      if (compared?.key !== key) compared = { key, figures: shadowFigures(store, shadowing, forbidden) };
      return compared.figures;
    },
    async start() {
      forgetExpired(store, registry);
      announce(folder, serving);
      await followOn();
      timer = setInterval(() => void followOn(), followMs).unref();
    },
    async close() {
      clearInterval(timer);
      await following;
      await shadow.close();
      withdraw(folder);
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
