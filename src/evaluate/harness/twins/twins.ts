/** All twins, by the contents of the Python file that they stand for. */
import { copa, hellaswag, winogrande } from './commonsense.ts';
import { drop } from './drop.ts';
import { mathqa } from './mathqa.ts';
import { coqa, logiqa, medqa, pubmedqa, race, squadCompletion } from './reading.ts';
import { commitmentBank, record, winograd } from './super-glue.ts';
import { crowsPairs, truthfulqa } from './truthfulness.ts';
import type { TwinFile } from './twin.ts';
import { wikitext } from './wikitext.ts';

export const TWIN_FILES: readonly TwinFile[] = [
  ...[hellaswag, winogrande, copa, commitmentBank, record, winograd, truthfulqa, crowsPairs],
  ...[race, logiqa, coqa, squadCompletion, pubmedqa, medqa, mathqa, wikitext, drop],
];

export const twinsOf = new Map(TWIN_FILES.map(file => [file.sha256, file]));
