/** The sentence that is looked at, and what came of it. Outlives the page that shows it. */
import { asProblem, type ServerProblem } from '../server/request.ts';
import { type AttentionMaps, inspectAttention, inspectLayers, type LayerPredictions } from '../server/studio-api.ts';

export type View = 'attention' | 'layers';

interface State {
  model: string;
  text: string;
  target: string;
  view: View;
  isLooking: boolean;
  attention?: AttentionMaps;
  layers?: LayerPredictions;
  problem?: ServerProblem;
}

export const inside = $state<State>({ model: '', text: '', target: '', view: 'attention', isLooking: false });

let running: AbortController | undefined;

/** Forgets what was seen: it was another model's, or another sentence's. */
export function forget(): void {
  running?.abort();
  inside.attention = undefined;
  inside.layers = undefined;
  inside.problem = undefined;
}

/** Asks for what the view shows. */
export async function look(): Promise<void> {
  running?.abort();
  const controller = new AbortController();
  running = controller;
  const { signal } = controller;
  const { model, text, target, view } = inside;
  const sentence = { model, text, target: target === '' ? undefined : target };
  inside.isLooking = true;
  inside.problem = undefined;
  try {
    if (view === 'attention') inside.attention = await inspectAttention(sentence, signal);
    else inside.layers = await inspectLayers(sentence, signal);
  } catch (error) {
    if (!signal.aborted) inside.problem = asProblem(error);
  } finally {
    if (running === controller) inside.isLooking = false;
  }
}
