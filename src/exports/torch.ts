/// <reference lib="esnext.disposable" preserve="true" />
/// <reference types="node" preserve="true" />
/** `tslm/torch`: tensors, operators, autograd, memory, files of tensors. */
export { autocast, autocastDtype } from '../torch/autocast.ts';
export { backward, enableGrad, grad, inferenceMode, isGradEnabled, noGrad } from '../torch/autograd.ts';
export { fromTypedArray, int64Tensor, type NestedNumbers, type TensorOptions, tensor } from '../torch/create.ts';
export { requireDevice } from '../torch/device.ts';
export type { DTypeInfo } from '../torch/dtype.ts';
export { type DType, dtypeInfo, dtypes, isFloatingPoint, type TypedArray } from '../torch/dtype.ts';
export { Generator, manualSeed, rngState, setRngState, withSeed } from '../torch/generator.ts';
export type { TensorHandle } from '../torch/handle.ts';
export { emptyCache, type MemoryStats, memoryStats, resetPeakMemory } from '../torch/memory.ts';
export { hasOperator, TorchError } from '../torch/operator.ts';
export type { TensorMethods } from '../torch/ops.ts';
export {
  allclose,
  arange,
  binaryCrossEntropyWithLogits,
  cat,
  constantPadNd,
  crossEntropyLoss,
  dropout,
  einsum,
  embedding,
  empty,
  emptyLike,
  eye,
  full,
  fullLike,
  isin,
  layerNorm,
  linear,
  linspace,
  mseLoss,
  nllLoss,
  oneHot,
  ones,
  onesLike,
  rand,
  randint,
  randLike,
  randn,
  randnLike,
  randperm,
  stack,
  where,
  zeros,
  zerosLike,
} from '../torch/ops.ts';
export type { PageShape } from '../torch/paged-attention.ts';
export type { FusedActivation, LinearProductOptions, PackedLinearOptions } from '../torch/products.ts';
export { openPytorchBin, type PytorchBinFile } from '../torch/pytorch-bin/read.ts';
export type { PickledTensor, Storage } from '../torch/pytorch-bin/state-dict.ts';
export { recompute } from '../torch/recompute.ts';
export { loadSafetensors, openSafetensors, type SafetensorsFile } from '../torch/safetensors/read.ts';
export { saveSharded } from '../torch/safetensors/sharded.ts';
export { saveSafetensors } from '../torch/safetensors/write.ts';
export type { Owned, Scope } from '../torch/scope.ts';
export { dispose, keep, scope } from '../torch/scope.ts';
export type { StoredTensor, StoredType, TensorFile } from '../torch/stored.ts';
export { type Device, Tensor } from '../torch/tensor.ts';
