/** Writing safetensors: one tensor in memory at a time, the file complete or not there at all. */
import { writeAtomically, writeFully } from '../../support/files.ts';
import { dtypeInfo } from '../dtype.ts';
import { native } from '../native.ts';
import { scope } from '../scope.ts';
import type { Tensor } from '../tensor.ts';

/**
 * Saves tensors under their names. Larger element types come first, so that every tensor is aligned to its own.
 *
 * @param options.metadata strings for the header; Hugging Face expects `{ format: 'pt' }`, the default
 */
export function saveSafetensors(
  path: string,
  tensors: Iterable<readonly [name: string, tensor: Tensor]>,
  { metadata = { format: 'pt' } }: { metadata?: Record<string, string> } = {},
): void {
  const sorted = [...tensors].sort(
    ([nameA, a], [nameB, b]) => dtypeInfo(b.dtype).size - dtypeInfo(a.dtype).size || (nameA < nameB ? -1 : 1),
  );
  const header = new Map<string, unknown>([['__metadata__', metadata]]);
  let offset = 0;
  for (const [name, tensor] of sorted) {
    if (header.has(name)) throw new Error(`${path}: two tensors cannot both be called '${name}'`);
    const { dtype, shape, nbytes } = tensor;
    header.set(name, { dtype: dtypeInfo(dtype).safetensors, shape, data_offsets: [offset, offset + nbytes] });
    offset += nbytes;
  }
  writeAtomically(path, fd => {
    const json = Buffer.from(JSON.stringify(Object.fromEntries(header)));
    const padded = Buffer.alloc(8 + Math.ceil(json.length / 8) * 8, ' ');
    padded.writeBigUInt64LE(BigInt(padded.length - 8));
    json.copy(padded, 8);
    writeFully(fd, padded);
    for (const [, tensor] of sorted) writeFully(fd, bytesOf(tensor));
  });
}

function bytesOf(tensor: Tensor): Uint8Array {
  return scope(() => {
    const bytes = new Uint8Array(tensor.nbytes);
    native().copyOut(tensor.detach().to({ device: 'cpu' }).contiguous().handle, bytes);
    return bytes;
  });
}
