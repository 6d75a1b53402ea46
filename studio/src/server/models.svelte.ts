/** The models of the server, asked again when it comes back. */
import { connection } from './connection.svelte.ts';
import { asProblem, type ServerProblem } from './request.ts';
import { listModels, type ModelCard } from './studio-api.ts';

interface State {
  cards: ModelCard[];
  isLoaded: boolean;
  problem?: ServerProblem;
}

const state = $state<State>({ cards: [], isLoaded: false });

export const models = {
  get cards(): readonly ModelCard[] {
    return state.cards;
  },
  /** They have been asked for and came. */
  get isLoaded(): boolean {
    return state.isLoaded;
  },
  get problem(): ServerProblem | undefined {
    return state.problem;
  },
};

export async function refreshModels(): Promise<void> {
  try {
    state.cards = await listModels();
    state.isLoaded = true;
    state.problem = undefined;
  } catch (error) {
    state.problem = asProblem(error);
  }
}

/** For the script of a component: fetches the models now, and whenever the server is back. */
export function followModels(): void {
  $effect(() => {
    void connection.returns;
    void refreshModels();
  });
}

export const canDo = (card: ModelCard | undefined, ability: ModelCard['abilities'][number]): boolean =>
  card?.abilities.includes(ability) ?? false;
