/** What the page asks of `/studio/api`, and of the models under `/v1/models`. */

import type { AttentionMaps, LayerPredictions } from '../../../src/engine/protocol.ts';
import type {
  MetricsChunk,
  ModelCard,
  ModelDetail,
  RecipeDifferences,
  RunDetail,
  RunSummary,
} from '../../../src/serve/studio/api.ts';
import { unpackAttention } from '../../../src/serve/studio/attention-message.ts';
import { getJson, request } from './request.ts';

export type {
  Decision,
  Evaluation,
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
