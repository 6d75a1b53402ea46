/// <reference lib="esnext.disposable" preserve="true" />
/// <reference types="node" preserve="true" />
/** `tslm/serve`: OpenAI's API over models in workers, as a Hono app for a server of one's own. */

export type { ModelPoolOptions } from '../engine/model-pool.ts';
export { createModelPool } from '../engine/model-pool.ts';
export type {
  Calls,
  Engine,
  EngineStats,
  GenerationEvent,
  GenerationRequest,
  ModelCard,
  ModelPool,
  ModelState,
  Owner,
  Results,
  ToolFormat,
} from '../engine/protocol.ts';
export type { SuperviseOptions } from '../engine/supervise.ts';
export type { Recording } from '../online/recorder.ts';
export type { Alias, Registry, Revision } from '../online/registry/registry.ts';
export type { LearningFigure, LearningService } from '../online/service.ts';
export type { LearningSettings } from '../online/settings.ts';
export type { Beside, ShadowFigures } from '../online/shadow/compare.ts';
export type { JudgementKind, JudgementValue } from '../online/store/judgement.ts';
export type { Keyed } from '../online/store/secret.ts';
export type { FeedbackStore } from '../online/store/store.ts';
export type { Choice, Deletion, Judgement, JudgementFilter, StoredAnswer, Verdict } from '../online/store/stored.ts';
export type { Outcome } from '../online/watch/outcomes.ts';
export type { AppOptions } from '../serve/http/app.ts';
export { createApp } from '../serve/http/app.ts';
export type { ParameterNames } from '../serve/http/errors.ts';
export type { Keys } from '../serve/http/keys/key-file.ts';
export type { KeyHolder } from '../serve/http/keys/key-holder.ts';
export type { Listening, ListenOptions } from '../serve/http/listen.ts';
export { listen } from '../serve/http/listen.ts';
export type { Metrics } from '../serve/http/metrics.ts';
export type { Env, Work } from '../serve/http/work.ts';
export type { Upstream } from '../serve/upstream.ts';
export type { Ability } from '../tasks/abilities.ts';
