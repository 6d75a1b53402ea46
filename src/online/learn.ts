/** One round: from judgements to a revision that takes the champion's place, or does not. */
import { existsSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { loadCompleteModel } from '../models/auto.ts';
import { combinedHash, contentHash, filesHash, fingerprintOf } from '../models/content-hash.ts';
import { UserError } from '../support/errors.ts';
import {
  isTemporary,
  makeFolder,
  removeTemporaries,
  renameDurably,
  syncFolder,
  temporaryBeside,
  writeJson,
} from '../support/files.ts';
import { forgetExpired } from './forget.ts';
import type { Decision } from './gate/decision.ts';
import { decide, readChecks, requireAnswers } from './gate/gate.ts';
import { type Lesson, lessonsOf } from './lessons/lessons.ts';
import { selectLessons } from './lessons/select.ts';
import { triggered } from './lessons/triggers.ts';
import { learntIn } from './registry/learnt.ts';
import { lockRegistry, openRegistry, type Registry, revisionFolder, revisionsFolder } from './registry/registry.ts';
import { type LearningSettings, readSettings } from './settings.ts';
import type { FeedbackStore } from './store/store.ts';
import type { Interpolation } from './update/interpolate.ts';
import { countKinds, type Update, updateAdapter } from './update/update.ts';
import { openWorkbench } from './update/workbench.ts';

export const ON_PASS = ['promote', 'canary', 'shadow', 'nothing'] as const;
/** To everybody, to some people first, to nobody beside the answers that are shown, or nowhere. */
export type OnPass = (typeof ON_PASS)[number];

export interface LearnOptions {
  /** The model, where the folder does not know it yet. */
  model?: string;
  /** Files of rows of what the model was trained on; false: none. Default: what its run.json names. */
  replay?: readonly string[] | false;
  /** Begin with the base again, with all judgements that are there. */
  rebuild?: boolean;
  /** Where a candidate goes that passed. Default `promote`. */
  onPass?: OnPass;
  signal?: AbortSignal;
  /** Told what is being done, a line at a time. */
  onNote?: (note: string) => void;
  onStep?: (step: number, steps: number, loss: number) => void;
}

export interface LearnResult {
  /** Nothing was learnt, and why. */
  skipped?: string;
  candidate?: string;
  champion: string;
  decision?: Decision;
  /** What became of the candidate. */
  outcome: 'promoted' | 'challenges' | 'shadows' | 'kept' | 'rejected' | 'nothing';
  lessons?: {
    training: Record<string, number>;
    heldOut: number;
    effective: number;
    duplicates: number;
    contradictions: number;
    overShare: number;
    triggered: number;
    unfit: number;
    people: number;
    leftOut: string[];
  };
  steps?: number;
  /** How much of the update was kept. */
  interpolation?: Interpolation;
  seconds: number;
}

/**
 * @throws UserError when another process learns in the folder, or something does not fit
 */
export async function learn(store: FeedbackStore, options: LearnOptions = {}): Promise<LearnResult> {
  const begun = performance.now();
  using _lock = lockRegistry(store.folder);
  const registry = openRegistry(store, options.model);
  const settings = readSettings(store.folder);
  removeLeftovers(store, registry);
  forgetExpired(store, registry);
  const champion = options.rebuild ? registry.base.id : (registry.alias('champion') ?? registry.base.id);
  const done = (result: Omit<LearnResult, 'seconds' | 'champion'>): LearnResult => ({
    champion: registry.alias('champion') ?? registry.base.id,
    ...result,
    seconds: (performance.now() - begun) / 1000,
  });

  const chosen = chooseLessons(store, registry, { settings, champion });
  const { training, weights, suspects } = chosen;
  if (training.length < settings.update.least) {
    const skipped = `${training.length} judgements to learn from that are new, and update.least is ${settings.update.least}`;
    return done({ skipped, outcome: 'nothing' });
  }
  options.onNote?.(`${training.length} judgements to learn from, ${chosen.heldOut.length} held out`);

  const checks = readChecks(store.folder, settings);
  const championFolder = registry.pathOf(champion);
  using bench = await openWorkbench(registry.base.path, { championFolder, settings, replayFiles: options.replay });
  requireAnswers(bench.champion, checks);
  makeFolder(revisionsFolder(store.folder));
  const made = temporaryBeside(join(revisionsFolder(store.folder), 'candidate'));
  makeFolder(made);
  try {
    const update = await updateAdapter(bench, made, {
      championFolder,
      lessons: training,
      weights,
      settings,
      signal: options.signal,
      onStep: ({ step, loss }, steps) => options.onStep?.(step, steps, loss),
    });
    if (update === undefined) return done({ skipped: 'stopped', outcome: 'nothing' });
    const id = fingerprintOf(combinedHash(contentHash(registry.base.path), filesHash(made)));
    options.onNote?.(`candidate ${id}: ${update.steps} steps${keptOf(update)}; the gate …`);
    const candidate = loadCompleteModel(made);
    let decision: Decision;
    try {
      decision = await decide(bench, candidate, { heldOut: chosen.heldOut, ...checks, settings });
    } finally {
      candidate.dispose();
    }
    const lessons = figuresOf(chosen, update, suspects);
    writeJson(join(made, 'decision.json'), { id, champion, ...decision, lessons });
    keep(store, { id, champion, made, decision, update, rebuilt: options.rebuild === true });
    options.onNote?.(decision.sentence);
    const outcome = follow(registry, id, decision, options.onPass ?? 'promote');
    const { steps, interpolation } = update;
    return done({ candidate: id, decision, outcome, lessons, steps, ...(interpolation && { interpolation }) });
  } finally {
    rmSync(made, { recursive: true, force: true });
  }
}

/** Judgements that are waiting to be learnt from; `learn --after` counts them. */
export function waitingJudgements(store: FeedbackStore, registry: Registry): number {
  const champion = registry.alias('champion') ?? registry.base.id;
  const { training } = chooseLessons(store, registry, { settings: readSettings(store.folder), champion });
  const known = new Set(learntIn(store, registry, champion).map(({ judgement }) => judgement));
  // A correction is two lessons, what is said and what is preferred: one judgement all the same.
  return new Set(training.flatMap(({ judgements }) => judgements.filter(id => !known.has(id)))).size;
}

/** Those that neither the champion nor one before it has learnt from, without what looks like a backdoor. */
function chooseLessons(
  store: FeedbackStore,
  registry: Registry,
  { settings, champion }: { settings: LearningSettings; champion: string },
) {
  const { update } = settings;
  const all = lessonsOf(store, settings);
  const known = new Set(learntIn(store, registry, champion).map(({ judgement }) => judgement));
  const suspects = update.defend ? triggered(all) : new Set<Lesson>();
  const clean = all.filter(lesson => !suspects.has(lesson));
  const selection = selectLessons(clean, { ...update, digest: store.keyed.digest });
  const fresh = selection.training.map(({ judgements }) => judgements.some(id => !known.has(id)));
  return {
    ...selection,
    training: selection.training.filter((_, i) => fresh[i]),
    weights: selection.weights.filter((_, i) => fresh[i]),
    suspects: suspects.size,
  };
}

const keptOf = ({ interpolation }: Update): string =>
  interpolation === undefined || interpolation.share === 1
    ? ''
    : `, ${(100 * interpolation.share).toFixed(0)} % of the change kept so that the loss on text from before rises by ${(100 * interpolation.rise).toFixed(1)} %`;

const figuresOf = (
  { heldOut, effective, dropped, training }: ReturnType<typeof chooseLessons>,
  { used, unfit, leftOut }: Update,
  suspects: number,
): NonNullable<LearnResult['lessons']> => ({
  training: countKinds(used),
  heldOut: heldOut.length,
  effective: Number(effective.toFixed(1)),
  ...dropped,
  triggered: suspects,
  unfit,
  people: new Set(training.map(({ user }) => user)).size,
  leftOut,
});

/** The folder first, then everything that is known of it in one transaction: what is between is removed by the next round. */
function keep(
  { folder, database, event }: FeedbackStore,
  {
    id,
    champion,
    made,
    decision,
    update,
    rebuilt,
  }: { id: string; champion: string; made: string; decision: Decision; update: Update; rebuilt: boolean },
): void {
  const place = revisionFolder(folder, id);
  if (existsSync(place)) {
    throw new UserError('TSLM_NOTHING_TO_DO', `the update came to a revision that is there already, ${id}`, {
      hint: 'it learns from the same judgements with the same seed: wait for more, or change update.seed',
    });
  }
  for (const name of readdirSync(made)) if (isTemporary(name)) rmSync(join(made, name), { force: true });
  syncFolder(made);
  renameDurably(made, place);
  const state = decision.passed ? 'passed' : 'rejected';
  database
    .transaction(() => {
      database
        .prepare('INSERT INTO revisions VALUES (?, ?, ?, ?, ?, ?)')
        .run(id, Date.now(), champion, place, state, JSON.stringify(decision));
      const learnt = database.prepare('INSERT OR IGNORE INTO learnt VALUES (?, ?)');
      for (const { judgements } of update.used) for (const judgement of judgements) learnt.run(judgement, id);
      event(decision.passed ? 'passed' : 'rejected', { revision: id, champion, sentence: decision.sentence, rebuilt });
    })
    .immediate();
}

function follow(registry: Registry, id: string, decision: Decision, onPass: OnPass): LearnResult['outcome'] {
  if (!decision.passed) return 'rejected';
  if (onPass === 'nothing') return 'kept';
  if (onPass === 'canary') {
    registry.challenge(id, decision.sentence);
    return 'challenges';
  }
  if (onPass === 'shadow') {
    registry.shadow(id, decision.sentence);
    return 'shadows';
  }
  registry.promote(id, decision.sentence);
  return 'promoted';
}

/** What a round that was killed has left: unfinished folders, and revisions that nothing is known of. */
function removeLeftovers({ folder }: FeedbackStore, registry: Registry): void {
  removeTemporaries(folder);
  const place = revisionsFolder(folder);
  removeTemporaries(place);
  if (!existsSync(place)) return;
  const known = new Set(registry.revisions().map(({ id }) => id));
  for (const name of readdirSync(place))
    if (!known.has(name)) rmSync(join(place, name), { recursive: true, force: true });
}
