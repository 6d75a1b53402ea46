/** `/v1/models`: what there is, and loading and unloading it without a restart. */
import type { ModelCard, ModelPool } from '../../../engine/protocol.ts';
import { RequestError } from '../../../engine/request-error.ts';

/** As OpenAI's API lists a model, with what else is known of it. */
export const modelObject = ({ id, created, ...card }: ModelCard) => ({
  id,
  object: 'model',
  created,
  owned_by: card.upstream ?? 'tslm',
  parent: card.parent ?? null,
  max_model_len: card.contextLength ?? null,
  abilities: card.abilities,
  model_type: card.modelType ?? null,
  architecture: card.architecture ?? null,
  task: card.task ?? null,
  parameters: card.parameters ?? null,
  dtype: card.dtype ?? null,
});

export const listModels = (pool: ModelPool) => ({ object: 'list', data: pool.list().map(modelObject) });

export function describeModel(pool: ModelPool, id: string) {
  const card = pool.list().find(one => one.id === id);
  if (card) return modelObject(card);
  if (pool.states().some(one => one.id === id) || !pool.isReady) pool.find(id); // which says that it does not answer now
  throw new RequestError('TSLM_MODEL_NOT_FOUND', `there is no model '${id}'`, { param: 'model' });
}
