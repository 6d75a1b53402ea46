/** Reading safetensors by memory map: opening costs nothing, and tensors use the file's pages where they lie. */
import { mapFile } from '../map-file.ts';
import { entryOf, readableDtype, type TensorFile, tensorOfBytes } from '../stored.ts';
import type { Tensor } from '../tensor.ts';
import { parseHeader, type TensorEntry } from './header.ts';

/** The tensors of a safetensors file, read on demand, with its metadata. */
export interface SafetensorsFile extends TensorFile<TensorEntry> {
  metadata: Record<string, string>;
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
      const entry = entryOf({ path, entries }, name);
      const dtype = readableDtype(path, name, entry);
      return tensorOfBytes(bytes.subarray(dataStart + entry.begin, dataStart + entry.end), { ...entry, dtype });
    },
  };
}

/** All tensors of a file. */
export function loadSafetensors(path: string): Map<string, Tensor> {
  const file = openSafetensors(path);
  return new Map([...file.entries.keys()].map(name => [name, file.tensor(name)]));
}
