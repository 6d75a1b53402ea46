/** Modules of rewards, good ones and bad ones, as files. */
import { writeFiles } from '../data/helpers.ts';

export const writeRewards = (folder: string): string =>
  writeFiles(folder, {
    'letters.mjs': `export default (prompt, completion, row) => [...completion].filter(c => c === row.letter).length / 4;\n`,
    'typed.ts': `interface Row { letter: string }
export const share = async (prompt: string, completion: string, row: Row): Promise<number | null> =>
  completion === '' ? null : [...completion].filter(c => c === row.letter).length / completion.length;
export const other = (): number => 1;
`,
    'hangs.mjs': `export default (_, completion) => { while (completion.length > 2); return 0; };\n`,
    'waits.mjs': `export default () => new Promise(() => {});\n`,
    'throws.mjs': `export default (_, __, row) => { if (row.letter === 'b') throw new Error('no b'); return 0; };\n`,
    'nan.mjs': `export default (_, __, row) => (row.letter === 'b' ? NaN : 0);\n`,
    'same.mjs': `export default () => 0.25;\n`,
    'two.mjs': `export const a = () => 0; export const b = () => 0;\n`,
    'none.mjs': `export const a = 1;\n`,
    'broken.mjs': `export default (;\n`,
  });
