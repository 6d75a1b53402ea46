/** What README.md says can be typed. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { program } from '../src/cli/main.ts';
import { root } from '../src/support/root.ts';
import { checkCommand, commandsIn } from './helpers/command-lines.ts';

const path = join(root, 'README.md');
const text = existsSync(path) ? readFileSync(path, 'utf8') : '';
const blocks = [...text.matchAll(/^( *)```[^\n]*\n([\s\S]*?)^\1```/gm)].map(match => match[2]);
const commands = blocks.flatMap(commandsIn);

describe('README.md', () => {
  it('is there, and shows how to use the command line', () => {
    expect(commands.length).toBeGreaterThan(0);
  });

  it.each(commands.map(words => [words.join(' '), words] as const))('tslm %s', (_, words) => {
    checkCommand(program(), words);
  });

  it('names only recipes, scripts and files that exist', () => {
    const scripts = (JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { scripts: object }).scripts;
    for (const [, name] of blocks.join('\n').matchAll(/npm run ([\w:-]+)/g)) expect(scripts).toHaveProperty(name);
    const paths = [...blocks.join('\n').matchAll(/recipes\/[\w.-]+\.yaml/g)].map(([name]) => name);
    expect(paths.filter(name => !existsSync(join(root, name)))).toEqual([]);
  });

  it('a command that is not there would be found', () => {
    const check = (line: string) => () => checkCommand(program(), commandsIn(line)[0]);
    expect(check('bin/tslm doctor --json')).not.toThrow();
    expect(check('bin/tslm docter')).toThrow(/no such command/);
    expect(check('bin/tslm doctor --jsn')).toThrow(/no such options/);
    expect(check('bin/tslm train')).toThrow(/arguments are missing/);
    expect(check('bin/tslm evaluate model')).toThrow(/--data is missing/);
    expect(commandsIn('$ TSLM_THREADS=1 bin/tslm train \\\n  a.yaml --set x="b c" | head # why')).toEqual([
      ['train', 'a.yaml', '--set', 'x=b c'],
    ]);
  });
});
