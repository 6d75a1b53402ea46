/** Reading safetensors by memory map: opening costs nothing, and tensors use the file's pages where they lie. */
import { UserError } from '../../support/errors.ts';
import { fromTypedArray } from '../create.ts';
import { dtypeInfo } from '../dtype.ts';
import { mapFile } from '../map-file.ts';
import type { Tensor } from '../tensor.ts';
import { parseHeader, type TensorEntry } from './header.ts';

export interface SafetensorsFile {
  path: string;
  entries: ReadonlyMap<string, TensorEntry>;
  metadata: Record<string, string>;
  /** The tensor of that name. It uses the mapped file: writing to it never reaches the file. */
  tensor(name: string): Tensor;
}

/** @throws UserError that names the file when it is missing or malformed */
export function openSafetensors(path: string): SafetensorsFile {
  const bytes = mapFile(path);
  const { entries, metadata, dataStart } = parseHeader(bytes, path);
  return {
    path,
    entries,
    metadata,
    tensor(name) {
      const entry = entries.get(name);
      if (!entry) {
        throw new UserError('TSLM_NO_TENSOR', `${path}: there is no tensor '${name}'`, {
          hint: `it holds ${[...entries.keys()].slice(0, 5).join(', ')}${entries.size > 5 ? ', …' : ''}`,
        });
      }
      const { dtype, shape, begin, end } = entry;
      // Vector instructions want aligned data; a header padded to eight bytes gives it, others cost a copy.
      const copy = (bytes.byteOffset + dataStart + begin) % dtypeInfo(dtype).size !== 0;
      return fromTypedArray(bytes.subarray(dataStart + begin, dataStart + end), shape, { dtype, copy });
    },
  };
}

/** All tensors of a file. */
export function loadSafetensors(path: string): Map<string, Tensor> {
  const file = openSafetensors(path);
  return new Map([...file.entries.keys()].map(name => [name, file.tensor(name)]));
}
