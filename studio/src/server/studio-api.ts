/** What the page asks of `/studio/api`, and of the models under `/v1/models`. */

import type { AttentionMaps, LayerPredictions } from '../../../src/engine/protocol.ts';
import type {
  ComparedSamples,
  Comparison,
  EvaluationSummary,
  MetricsChunk,
  ModelCard,
  ModelDetail,
  RecipeDifferences,
  RunDetail,
  RunSummary,
  SampleKind,
  SelectionSummary,
  SweepDetail,
  SweepSummary,
} from '../../../src/serve/studio/api.ts';
import { unpackAttention } from '../../../src/serve/studio/attention-message.ts';
import { getJson, request } from './request.ts';

export type {
  ComparedSamples,
  Comparison,
  Decision,
  Evaluation,
  EvaluationSummary,
  Figure,
  Guard,
  JudgedAnswer,
  LearningDetail,
  ModelCard,
  ModelDetail,
  ModelMemory,
  ModelTree,
  RecipeDifferences,
  RevisionDetail,
  RunDetail,
  RunState,
  RunSummary,
  Sample,
  SampleKind,
  SelectionSummary,
  ShadowAnswers,
  SweepDetail,
  SweepSummary,
  SweepTrial,
  Unit,
} from '../../../src/serve/studio/api.ts';
export type { AttentionMaps, LayerPredictions };

const API = '/studio/api';

export const listModels = (signal?: AbortSignal): Promise<ModelCard[]> => getJson(`${API}/models`, signal);

export const getModel = (id: string, signal?: AbortSignal): Promise<ModelDetail> =>
  getJson(`${API}/models/${encodeURIComponent(id)}`, signal);

export const loadModel = (path: string, name: string): Promise<Response> =>
  request('/v1/models', { method: 'POST', body: name === '' ? { path } : { path, name } });

export const unloadModel = (id: string): Promise<Response> =>
  request(`/v1/models/${encodeURIComponent(id)}`, { method: 'DELETE' });

export const listRuns = (signal?: AbortSignal): Promise<RunSummary[]> => getJson(`${API}/runs`, signal);

export const getRun = (id: string, signal?: AbortSignal): Promise<RunDetail> =>
  getJson(`${API}/runs/${encodeURIComponent(id)}`, signal);

export const getMetrics = (id: string, after: number, signal?: AbortSignal): Promise<MetricsChunk> =>
  getJson(`${API}/runs/${encodeURIComponent(id)}/metrics?after=${after}`, signal);

export const getDifferences = (ids: readonly string[], signal?: AbortSignal): Promise<RecipeDifferences> =>
  getJson(`${API}/differences?${ids.map(id => `run=${encodeURIComponent(id)}`).join('&')}`, signal);

export interface Sentence {
  model: string;
  text: string;
  /** What the decoder of an encoder–decoder says. */
  target?: string;
}

export async function inspectAttention(sentence: Sentence, signal?: AbortSignal): Promise<AttentionMaps> {
  const response = await request(`${API}/inspect/attention`, { method: 'POST', body: sentence, signal });
  return unpackAttention(await response.arrayBuffer());
}

export async function inspectLayers({ model, text }: Sentence, signal?: AbortSignal): Promise<LayerPredictions> {
  const response = await request(`${API}/inspect/layers`, { method: 'POST', body: { model, text, topK: 5 }, signal });
  return response.json();
}

export const listEvaluations = (signal?: AbortSignal): Promise<EvaluationSummary[]> =>
  getJson(`${API}/evaluations`, signal);

const both = ([a, b]: readonly string[]): string => `a=${encodeURIComponent(a)}&b=${encodeURIComponent(b)}`;

export const getComparison = (ids: readonly string[], signal?: AbortSignal): Promise<Comparison> =>
  getJson(`${API}/comparison?${both(ids)}`, signal);

export interface SampleQuestion {
  task: string;
  metric: string;
  filter: string;
  kind: SampleKind;
  offset: number;
}

export const getComparedSamples = (
  ids: readonly string[],
  { task, metric, filter, kind, offset }: SampleQuestion,
  signal?: AbortSignal,
): Promise<ComparedSamples> => {
  const asked = new URLSearchParams({ task, metric, filter, kind, offset: String(offset) });
  return getJson(`${API}/comparison/samples?${both(ids)}&${asked}`, signal);
};

export const listSweeps = (signal?: AbortSignal): Promise<SweepSummary[]> => getJson(`${API}/sweeps`, signal);

export const getSweep = (id: string, signal?: AbortSignal): Promise<SweepDetail> =>
  getJson(`${API}/sweeps/${encodeURIComponent(id)}`, signal);

export const listSelections = (signal?: AbortSignal): Promise<SelectionSummary[]> =>
  getJson(`${API}/selections`, signal);
