/** Rows of examples: from a file of rows, or from worked examples as they stand in a text. */
import { resolve } from 'node:path';
import { dataKwargs, rowsOf, textOf } from '../../evaluate/harness/data-files.ts';
import { UserError } from '../../support/errors.ts';
import type { Fields } from '../program/signature.ts';
import type { ExamplesOptions } from './options.ts';

/** JSON, JSON Lines, CSV or TSV, packed or not. @throws UserError that names file and row */
export const readRows = (path: string): Fields[] => rowsOf(path, dataKwargs.parse({})).map(plain);

/** Whole floats of JSON are numbers here. */
const plain = (row: Fields): Fields => JSON.parse(JSON.stringify(row)) as Fields;

/** @param folder where relative paths start */
export function readExamples({ rows, file }: Pick<ExamplesOptions, 'rows' | 'file'>, folder: string): Fields[] {
  if (file === undefined) return rows ?? [];
  const path = resolve(folder, file);
  const read = path.endsWith('.txt') ? workedExamplesIn(path).examples : readRows(path);
  return [...(rows ?? []), ...read];
}

export interface WorkedExamples {
  /** What stands before the first question. */
  instruction: string;
  examples: { input: string; target: string }[];
}

export const workedExamplesIn = (path: string): WorkedExamples => readWorkedExamples(textOf(path), path);

/**
 * A prompt of BIG-Bench Hard (Suzgun et al. 2022, arXiv:2210.09261): a canary above a line of dashes, an instruction, then
 * questions `Q:` with answers `A: Let's think step by step.` and a chain.
 */
export function readWorkedExamples(text: string, path: string): WorkedExamples {
  const dashes = /^-{3,}\n/m.exec(text);
  const body = dashes ? text.slice(dashes.index + dashes[0].length) : text;
  const [instruction, ...blocks] = body.split(/\n\nQ: /);
  const examples = blocks.map((block, i) => {
    const at = block.indexOf('\nA: ');
    if (at >= 0) return { input: block.slice(0, at), target: block.slice(at + '\nA: '.length) };
    throw new UserError('TSLM_BAD_ROW', `${path}: example ${i + 1} has no line that begins with A:`, {
      hint: 'examples are a question behind `Q: ` and an answer behind `A: `',
    });
  });
  return { instruction, examples };
}
