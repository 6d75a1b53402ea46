/** Runs that are drawn: their rows so far, and new ones as they are written. */
import { untrack } from 'svelte';
import { asProblem, type ServerProblem } from '../server/request.ts';
import { getMetrics, listRuns, type RunSummary } from '../server/studio-api.ts';
import type { Row, RunRows } from './curves.ts';

/** Colours that there are. */
const COLORS = 8;
/** Milliseconds between two looks. */
const PERIOD = 1500;

interface State {
  runs: RunSummary[];
  isLoaded: boolean;
  problem?: ServerProblem;
  /** Ids of runs that are drawn, each with the colour that it keeps. */
  chosen: { id: string; color: number }[];
}

export const followed = $state<State>({ runs: [], isLoaded: false, chosen: [] });

/** Rows that were read, and from where to read on. Raw: many numbers, none of which is watched by itself. */
let read = $state.raw<Record<string, { rows: readonly Row[]; next: number }>>({});

export const isChosen = (id: string): boolean => followed.chosen.some(run => run.id === id);

export function toggle(id: string): void {
  if (isChosen(id)) {
    followed.chosen = followed.chosen.filter(run => run.id !== id);
    return;
  }
  const taken = followed.chosen.map(({ color }) => color);
  const free = Array.from({ length: COLORS }, (_, i) => i).find(color => !taken.includes(color));
  if (free !== undefined) followed.chosen = [...followed.chosen, { id, color: free }];
}

export const isFull = (): boolean => followed.chosen.length === COLORS;

export const chosenRows = (): RunRows[] =>
  followed.chosen.map(({ id, color }) => {
    const name = followed.runs.find(run => run.id === id)?.name ?? id;
    return { id, name, color, rows: rowsOf(id) };
  });

export const rowsOf = (id: string): readonly Row[] => read[id]?.rows ?? [];

/**
 * For the script of a component: looks now and again while the component is there and its page is seen.
 *
 * @param ids runs whose rows are wanted; default those chosen
 */
export function followRuns(ids = (): readonly string[] => followed.chosen.map(({ id }) => id)): void {
  $effect(() => {
    void ids(); // another choice is looked at at once
    const controller = new AbortController();
    let timer: ReturnType<typeof setTimeout>;
    const turn = async (): Promise<void> => {
      if (!document.hidden) await update(ids, controller.signal);
      if (!controller.signal.aborted) timer = setTimeout(turn, PERIOD);
    };
    untrack(turn);
    return () => {
      controller.abort();
      clearTimeout(timer);
    };
  });
}

async function update(ids: () => readonly string[], signal: AbortSignal): Promise<void> {
  try {
    const before = followed.runs.map(({ id }) => id);
    followed.runs = await listRuns(signal);
    if (!followed.isLoaded) chooseFirst();
    else for (const { id } of followed.runs) if (!before.includes(id)) toggle(id); // a run that just began
    followed.isLoaded = true;
    followed.problem = undefined;
    await Promise.all(ids().map(id => catchUp(id, signal)));
  } catch (error) {
    if (!signal.aborted) followed.problem = asProblem(error);
  }
}

/** What goes on, or else what was changed last. */
function chooseFirst(): void {
  const readable = followed.runs.filter(({ state }) => state !== 'unreadable');
  const byChange = readable.toSorted((a, b) => (b.updated ?? '').localeCompare(a.updated ?? ''));
  const running = byChange.filter(({ state }) => state === 'running');
  for (const { id } of (running.length > 0 ? running : byChange).slice(0, 3)) toggle(id);
}

/** Reads on from where it was, to the end. */
async function catchUp(id: string, signal: AbortSignal): Promise<void> {
  for (;;) {
    const known = read[id] ?? { rows: [], next: 0 };
    const chunk = await getMetrics(id, known.next, signal);
    const rows = chunk.rows.map(row =>
      Object.fromEntries(Object.entries(row).map(([key, value]) => [key, Number(value)])),
    );
    if (rows.length > 0 || chunk.restarted) {
      read = { ...read, [id]: { rows: chunk.restarted ? rows : [...known.rows, ...rows], next: chunk.next } };
    }
    if (!chunk.hasMore) return;
  }
}
