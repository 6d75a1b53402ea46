/** Models and text that updating and judging need, loaded once a round. */
import { hasAdapter } from '../../models/adapters/folder.ts';
import { loadCompleteModel } from '../../models/auto.ts';
import type { Model } from '../../models/model.ts';
import type { ObjectiveContext } from '../../objectives/objective.ts';
import { Tokenizer } from '../../tokenizers/tokenizer.ts';
import { lossOf } from '../gate/score.ts';
import type { LearningSettings } from '../settings.ts';
import { openReplay, type Replay } from './replay.ts';

/** Tokens that are read at once, of models that read more. */
const MOST_CONTEXT = 1024;

export interface Workbench extends Disposable {
  base: string;
  /** The champion, with its adapter merged. */
  champion: Model;
  tokenizer: Tokenizer;
  context: ObjectiveContext;
  replay: Replay | undefined;
  /**
   * Of the model itself, whatever has been learnt since, on the held-out text from before: what a round may lose of it is counted from
   * there, so that margins do not add up over rounds. None without such text.
   */
  baseLosses(): readonly number[];
}

/**
 * @param options.championFolder of the model itself, or of an adapter of it
 * @param options.replayFiles rows of what the model was trained on; `false`: nothing is repeated, and nothing tells what is forgotten
 */
export async function openWorkbench(
  base: string,
  {
    championFolder,
    settings,
    replayFiles,
  }: { championFolder: string; settings: LearningSettings; replayFiles?: readonly string[] | false },
): Promise<Workbench> {
  const tokenizer = Tokenizer.fromFile(base);
  const champion = loadCompleteModel(championFolder);
  champion.eval();
  for (const parameter of champion.parameters()) parameter.requiresGrad = false;
  const context = { tokenizer, context: Math.min(champion.maxPositions, MOST_CONTEXT), model: champion };
  const { windows } = settings.gate;
  try {
    const replay =
      replayFiles === false
        ? undefined
        : await openReplay(base, context, { files: replayFiles, windows, seed: settings.update.seed });
    let known: readonly number[] | undefined;
    return {
      base,
      champion,
      tokenizer,
      context,
      replay,
      baseLosses: () =>
        (known ??= hasAdapter(championFolder) ? lossesOfFolder(base, replay) : heldOutLosses(champion, replay)),
      [Symbol.dispose]: () => champion.dispose(),
    };
  } catch (error) {
    champion.dispose();
    throw error;
  }
}

/** A model's losses on the held-out text from before, example by example. */
export const heldOutLosses = (model: Model, replay: Replay | undefined): number[] =>
  replay?.heldOut.map(example => lossOf(model, replay.measured, [example])) ?? [];

function lossesOfFolder(folder: string, replay: Replay | undefined): number[] {
  const model = loadCompleteModel(folder);
  try {
    return heldOutLosses(model, replay);
  } finally {
    model.dispose();
  }
}
