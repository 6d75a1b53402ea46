/// <reference lib="esnext.disposable" preserve="true" />
/// <reference types="node" preserve="true" />
/**
 * Models of this machine for the Vercel AI SDK: `generateText`, `streamText`, `generateObject`, `embed` and what builds on
 * them, with no server. The models follow version 3 of its provider specification, which its majors 6 and 7 take.
 */

export type { EngineLimits } from '../engine/local-engine.ts';
export type { OpenOptions } from '../engine/messages.ts';
export type {
  Calls,
  ConstraintRequest,
  Engine,
  EngineStats,
  FinishReason,
  GenerationEvent,
  GenerationRequest,
  ModelCard,
  Owner,
  Prompt,
  Results,
  TextInput,
  TokenInfo,
  ToolFormat,
} from '../engine/protocol.ts';
export type { AttentionMaps } from '../explain/attention-maps.ts';
export type { LayerPredictions } from '../explain/logit-lens.ts';
export type { Sampling } from '../generate/config/sampling-options.ts';
export type { InferenceType } from '../models/load-for-inference.ts';
export type { Ability } from '../tasks/abilities.ts';
export type { DType } from '../torch/dtype.ts';
export { createTslm, type TslmOptions, type TslmProvider } from './provider.ts';
