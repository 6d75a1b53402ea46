/// <reference lib="esnext.disposable" preserve="true" />
/// <reference types="node" preserve="true" />
/** `tslm/engine`: a model in a worker as servers use it: requests and events as plain data, continuous batching. */

export type { JsonSchemaOptions } from '../constrain/json-schema/compile-json-schema.ts';
export type { ConstraintSource } from '../constrain/source.ts';
export type { EngineLimits } from '../engine/local-engine.ts';
export type { OpenOptions } from '../engine/messages.ts';
export type { ModelPoolOptions } from '../engine/model-pool.ts';
export type { OpenedEngine } from '../engine/open-engine.ts';
export { openEngine } from '../engine/open-engine.ts';
export type {
  Calls,
  ConstraintRequest,
  Engine,
  EngineStats,
  FinishReason,
  Found,
  GenerationEvent,
  GenerationRequest,
  ModelCard,
  ModelPool,
  ModelState,
  Owner,
  Prompt,
  Results,
  TextInput,
  TokenInfo,
  ToolFormat,
} from '../engine/protocol.ts';
export type { SuperviseOptions } from '../engine/supervise.ts';
export type { ThinkingEvent } from '../engine/thinking.ts';
export type { ThinkingTags } from '../engine/thinking-tags.ts';
export type { AttentionMap, AttentionMaps } from '../explain/attention-maps.ts';
export type { LayerPredictions } from '../explain/logit-lens.ts';
export type { Sampling } from '../generate/config/sampling-options.ts';
export type { InferenceType } from '../models/load-for-inference.ts';
export type { Ability } from '../tasks/abilities.ts';
export type { TextToTextTask } from '../tasks/text-to-text.ts';
export type { ChatMessage } from '../tokenizers/chat/chat.ts';
export type { DType } from '../torch/dtype.ts';
