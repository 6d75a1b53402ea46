/// <reference lib="esnext.disposable" preserve="true" />
/// <reference types="node" preserve="true" />
/** `tslm/train`: the training loop over a model in this thread, optimizers, schedules, samplers. */

export type { Dataset } from '../data/rows/dataset.ts';
export type { Crf, Transitions } from '../models/crf.ts';
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
  Task,
} from '../models/model.ts';
export type { MultiTokenHeads, TrunkInputs } from '../models/multi-token-heads.ts';
export type { Prompt } from '../models/prompt.ts';
export type { Stack } from '../models/stack.ts';
export type { Embedding } from '../nn/embedding.ts';
export type { KVCache } from '../nn/kv-cache.ts';
export type { Module, Parameter } from '../nn/module.ts';
export type { PagedCache } from '../nn/paged-cache.ts';
export type { PrefixCache } from '../nn/prefix-cache.ts';
export type { AnyObjective, Companion, Objective } from '../objectives/objective.ts';
export type { DType, TypedArray } from '../torch/dtype.ts';
export type { TensorMethods } from '../torch/ops.ts';
export type { Owned, Scope } from '../torch/scope.ts';
export type { Device, Tensor } from '../torch/tensor.ts';
export type { Ema } from '../train/ema.ts';
export { ema } from '../train/ema.ts';
export type { Estimate, Estimates, Evaluation, HeldOutOptions } from '../train/evaluation.ts';
export { heldOut } from '../train/evaluation.ts';
export type { ExampleWorkers, WorkerOptions } from '../train/examples.ts';
export type { Group } from '../train/group.ts';
export type { StepMetrics, TrainHooks, TrainLoop } from '../train/loop.ts';
export { trainLoop } from '../train/loop.ts';
export type { AdafactorOptions } from '../train/optimizers/adafactor.ts';
export { adafactor } from '../train/optimizers/adafactor.ts';
export type { AdamWOptions } from '../train/optimizers/adamw.ts';
export { adamW } from '../train/optimizers/adamw.ts';
export type { LambOptions } from '../train/optimizers/lamb.ts';
export { lamb } from '../train/optimizers/lamb.ts';
export type { LionOptions } from '../train/optimizers/lion.ts';
export { lion } from '../train/optimizers/lion.ts';
export type { MuonOptions } from '../train/optimizers/muon.ts';
export { muon } from '../train/optimizers/muon.ts';
export type { NamedParameters, Optimizer } from '../train/optimizers/optimizer.ts';
export type { DecayOptions } from '../train/optimizers/per-parameter.ts';
export type { SGDOptions } from '../train/optimizers/sgd.ts';
export { sgd } from '../train/optimizers/sgd.ts';
export type { Drawn, Sampler, SamplerOptions, TokenSamplerOptions } from '../train/sampler.ts';
export { createSampler, createTokenSampler } from '../train/sampler.ts';
export type { Schedule, ScheduleName, ScheduleOptions } from '../train/schedules.ts';
export { createSchedule } from '../train/schedules.ts';
export type { SpikeOptions, SpikeState } from '../train/spikes.ts';
export type { TrainModelOptions } from '../train/train.ts';
export { datasetOf, trainModel } from '../train/train.ts';
export type { Trainable } from '../train/trainable.ts';
export { wholeModel } from '../train/trainable.ts';
