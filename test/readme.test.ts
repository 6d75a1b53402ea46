/** What the READMEs say can be typed. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { program } from '../src/cli/main.ts';
import { root } from '../src/support/root.ts';
import { checkCommand, commandsIn } from './helpers/command-lines.ts';

/** The code blocks of a Markdown text, fenced or indented. */
function codeBlocks(text: string): string {
  const fenced = [...text.matchAll(/^( *)```[^\n]*\n([\s\S]*?)^\1```/gm)].map(match => match[2]);
  const indented = text.split('\n').filter(line => /^ {4}\S/.test(line));
  return [...fenced, ...indented].join('\n');
}

const readmes = readdirSync(root).filter(name => /^README.*\.md$/.test(name));

it('README.md is there', () => {
  expect(readmes).toContain('README.md');
});

describe.each(readmes)('%s', name => {
  const text = readFileSync(join(root, name), 'utf8');
  const code = codeBlocks(text);
  const commands = commandsIn(code);

  it('shows how to use the command line', () => {
    expect(commands.length).toBeGreaterThan(2);
  });

  it.each(commands.map(words => [words.join(' '), words] as const))('tslm %s', (_, words) => {
    checkCommand(program(), words);
  });

  it('names only scripts, recipes and documents that exist', () => {
    const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { scripts: object };
    const named = [...code.matchAll(/npm run ([\w:-]+)/g)].map(([, script]) => script);
    for (const script of named) expect(scripts).toHaveProperty([script]);
    const recipes = [...text.matchAll(/recipes\/[\w.-]+\.yaml/g)].map(([path]) => path);
    const links = [...text.matchAll(/\]\(([\w./-]+)\)/g)].map(([, path]) => path);
    for (const found of [named, recipes, links]) expect(found.length).toBeGreaterThan(0);
    expect([...recipes, ...links].filter(path => !existsSync(join(root, path)))).toEqual([]);
  });
});

describe('a command that is not there', () => {
  const check = (line: string) => () => checkCommand(program(), commandsIn(line)[0]);

  it('would be found', () => {
    expect(check('bin/tslm doctor --json')).not.toThrow();
    expect(check('bin/tslm docter')).toThrow(/no such command/);
    expect(check('bin/tslm doctor --jsn')).toThrow(/no such options/);
    expect(check('bin/tslm train')).toThrow(/arguments are missing/);
    expect(check('bin/tslm prepare a.txt')).toThrow(/--out is missing/);
  });

  it('is read as a shell reads it', () => {
    expect(commandsIn('$ TSLM_THREADS=1 bin/tslm train \\\n  a.yaml --set x="b c" | head # why')).toEqual([
      ['train', 'a.yaml', '--set', 'x=b c'],
    ]);
  });
});
