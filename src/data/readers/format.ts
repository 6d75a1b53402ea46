/** The format of a file by its name. */
import { extname } from 'node:path';
import { type Compression, compressionOf } from '../../support/encoding/compression.ts';

/**
 * The formats that `prepare` reads, told by the name of the file; each may also be packed (`.gz`, `.zst`). What is in a
 * `.json` shows when it is read: an array of records, JSON lines, or source code.
 */
export type Format = 'text' | 'code' | 'json' | 'jsonl' | 'csv' | 'tsv' | 'parquet' | 'arrow';

/**
 * Source code is read as text is. Only the filters on repetition leave it alone: lines such as `}` repeat in good code.
 */
const CODE =
  'astro bash bat c cc clj cljs cmake cpp cs css cu cuh cxx d dart ex exs f90 fs go gradle graphql h hh hpp hs html ' +
  'ini ipynb java jl js json5 jsx kt kts less lisp lua m mjs cjs ml mm mts cts nim pas php pl pm proto ps1 py pyi ' +
  'r rb rs sass scala scm scss sh sol sql svelte swift tcl tex tf toml ts tsx vb vue wat xml yaml yml zig';
const CODE_EXTENSIONS: ReadonlySet<string> = new Set(CODE.split(' '));

const RECORD_FORMATS: Record<string, Format> = {
  json: 'json',
  jsonl: 'jsonl',
  ndjson: 'jsonl',
  csv: 'csv',
  tsv: 'tsv',
  parquet: 'parquet',
  arrow: 'arrow',
};

export function formatOf(path: string): { format: Format; compression: Compression | undefined } {
  const { compression, plain } = compressionOf(path);
  const extension = extname(plain).slice(1).toLowerCase();
  return { format: RECORD_FORMATS[extension] ?? (CODE_EXTENSIONS.has(extension) ? 'code' : 'text'), compression };
}
