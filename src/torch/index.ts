/** The tensor library: tensors, operators, autograd, memory, files of tensors. */
export * from './autocast.ts';
export { backward, enableGrad, grad, inferenceMode, isGradEnabled, noGrad } from './autograd.ts';
export * from './create.ts';
export * from './device.ts';
export * from './dtype.ts';
export * from './generator.ts';
export * from './map-file.ts';
export * from './memory.ts';
export { hasOperator, TorchError } from './operator.ts';
export * from './ops.ts';
export { openPytorchBin, type PytorchBinFile } from './pytorch-bin/read.ts';
export * from './recompute.ts';
export { loadSafetensors, openSafetensors, type SafetensorsFile } from './safetensors/read.ts';
export { saveSharded } from './safetensors/sharded.ts';
export { saveSafetensors } from './safetensors/write.ts';
export { dispose, keep, scope } from './scope.ts';
export { entryOf, readableDtype, type StoredTensor, type StoredType, type TensorFile } from './stored.ts';
export { type Device, Tensor } from './tensor.ts';
