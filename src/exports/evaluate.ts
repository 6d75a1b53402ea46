/// <reference lib="esnext.disposable" preserve="true" />
/// <reference types="node" preserve="true" />
/** `tslm/evaluate`: perplexity, and tasks of lm-evaluation-harness. */

export type { CorpusIndex, SplitIndex } from '../data/corpus/corpus-index.ts';
export type { CorpusSplit, MappedShard, Tokens } from '../data/corpus/corpus-split.ts';
export type { PartScore, TaskContamination } from '../evaluate/contamination/contamination.ts';
export type { Aggregated } from '../evaluate/harness/aggregations.ts';
export type { TaskTwins } from '../evaluate/harness/bind-twins.ts';
export type { Doc } from '../evaluate/harness/data-files.ts';
export type { DataMap } from '../evaluate/harness/datasets.ts';
export type { EvaluateOptions } from '../evaluate/harness/evaluate-tasks.ts';
export { evaluateTasks } from '../evaluate/harness/evaluate-tasks.ts';
export type {
  EvaluationResult,
  Floors,
  GroupResult,
  Sample,
  TaskResult,
} from '../evaluate/harness/evaluation-result.ts';
export type { FieldContext } from '../evaluate/harness/fields.ts';
export type { PromptOptions } from '../evaluate/harness/prompts.ts';
export type { RequestOptions as TaskRequestOptions, TaskRequest } from '../evaluate/harness/requests.ts';
export type { Contamination, RunFacts } from '../evaluate/harness/results.ts';
export { resultsJson, sampleJson, writeResults } from '../evaluate/harness/results.ts';
export type { Sampler } from '../evaluate/harness/samplers.ts';
export type { Scores } from '../evaluate/harness/scores.ts';
export type { Task, TaskOptions } from '../evaluate/harness/task.ts';
export type { GroupConfig, TaskConfig } from '../evaluate/harness/task-config.ts';
export type { GroupNode, LibraryEntry, Node, TaskLibrary, TaskNode } from '../evaluate/harness/task-library.ts';
export { openTaskLibrary } from '../evaluate/harness/task-library.ts';
export type { TaskMetric } from '../evaluate/harness/task-metrics.ts';
export type { Uncertainty } from '../evaluate/harness/uncertainty.ts';
export type {
  EvaluatedModel,
  GenerationRequest,
  Loglikelihood,
  LoglikelihoodRequest,
  RequestOptions,
  RollingLoglikelihood,
} from '../evaluate/models/evaluated-model.ts';
export type { PseudoLoglikelihood } from '../evaluate/models/masked-model.ts';
export type { OpenModelOptions } from '../evaluate/models/open-model.ts';
export { openEvaluatedModel } from '../evaluate/models/open-model.ts';
export type { Perplexity, PerplexityOptions } from '../evaluate/perplexity.ts';
export { perplexity } from '../evaluate/perplexity.ts';
export type { Margin, RowScores } from '../evaluate/rows/row-scores.ts';
export type { Interval } from '../evaluate/statistics/intervals.ts';
export type { Family, KeyRule, ModelSizes, Source } from '../models/family.ts';
export type {
  Backbone,
  BackboneOutput,
  Head,
  HeadOutput,
  Model,
  ModelInputs,
  ModelOutput,
  ModelParts,
} from '../models/model.ts';
export type { Pooling } from '../models/pooling.ts';
export type { Prompt } from '../models/prompt.ts';
export type { Embedding } from '../nn/embedding.ts';
export type { KVCache } from '../nn/kv-cache.ts';
export type { Module, Parameter } from '../nn/module.ts';
export type { PagedCache } from '../nn/paged-cache.ts';
export type { PrefixCache } from '../nn/prefix-cache.ts';
export type { Packing } from '../objectives/objective.ts';
export type { ChatMessage } from '../tokenizers/chat/chat.ts';
export type { DType } from '../torch/dtype.ts';
export type { Device, Tensor } from '../torch/tensor.ts';
