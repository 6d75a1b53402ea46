/// <reference lib="esnext.disposable" preserve="true" />
/// <reference types="node" preserve="true" />
/** `tslm/nn`: building blocks of neural networks. */

export type { Heads } from '../nn/attention.ts';
export type { BlockSparseKind } from '../nn/block-sparse-attention.ts';
export * from '../nn/index.ts';
export type { MaskOptions } from '../nn/masks.ts';
export type { PagedAttentionKind } from '../nn/paged-cache.ts';
export type { PerformerKind } from '../nn/performer-attention.ts';
export type { Llama3Options, LongRopeOptions, RopeOptions, YarnOptions } from '../nn/rope-scaling.ts';
export type { SlidingWindowKind } from '../nn/sliding-window-attention.ts';
export type { PackedForm } from '../nn/weights/packed.ts';
export type { DType, TypedArray } from '../torch/dtype.ts';
export type { Generator } from '../torch/generator.ts';
export type { TensorHandle } from '../torch/handle.ts';
export type { TensorMethods } from '../torch/ops.ts';
export type { PageShape } from '../torch/paged-attention.ts';
export type { FusedActivation, LinearProductOptions, PackedLinearOptions } from '../torch/products.ts';
export type { Owned, Scope } from '../torch/scope.ts';
export type { Device, Tensor } from '../torch/tensor.ts';
