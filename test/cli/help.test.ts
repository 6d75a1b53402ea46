/** What the command line says of itself. */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Command } from 'commander';
import { describe, expect, it } from 'vitest';
import { program } from '../../src/cli/main.ts';
import { root } from '../../src/support/root.ts';
import { expectRefusal, tslm } from '../helpers/cli.ts';
import { checkCommand, commandsIn } from '../helpers/command-lines.ts';

const everyCommand = (command: Command, path: string[] = []): [string[], Command][] => [
  [path, command],
  ...command.commands.flatMap(inner => everyCommand(inner, [...path, inner.name()])),
];
const commands = everyCommand(program());

/** All that `--help` prints, what comes after the options included. */
function helpOf(path: string[]): string {
  let text = '';
  const target = everyCommand(program()).find(([names]) => names.join() === path.join())![1];
  target.configureOutput({ writeOut: part => (text += part), writeErr: part => (text += part) }).outputHelp();
  return text;
}

describe.each(commands)('tslm %j --help', path => {
  const help = helpOf(path);

  it('says what it does, and has an example that works', () => {
    expect(help).toContain(`Usage: ${['tslm', ...path].join(' ')}`);
    const [, example] = help.split(/\nExamples?:\n/);
    expect(example, help).toBeDefined();
    const lines = commandsIn(example);
    expect(lines.length).toBeGreaterThan(0);
    for (const words of lines) {
      expect(words.slice(0, path.length)).toEqual(path);
      checkCommand(program(), words);
    }
  });
});

describe('commands that compute', () => {
  it.each(
    commands.filter(([, command]) => command.commands.length === 0 && command.name() !== 'help'),
  )('%j has --json, unless it writes a file or a story', (path, command) => {
    const withoutJson = [
      ...['quickstart', 'ngram export', 'ngram import', 'feedback export'],
      ...['setup', 'chat', 'completion', 'recipes show', 'recipes copy'],
    ];
    expect(command.options.some(({ long }) => long === '--json')).toBe(!withoutJson.includes(path.join(' ')));
  });
});

describe('the process', () => {
  it('prints help and version on stdout with exit code 0', async () => {
    for (const args of [['--help'], ['train', '--help'], ['help', 'train'], ['tokenizer', 'train', '--help']]) {
      const { code, stdout, stderr } = await tslm(args);
      expect({ args, code, stderr }).toEqual({ args, code: 0, stderr: '' });
      expect(stdout).toContain('Example');
    }
    const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string };
    expect(await tslm(['--version'])).toMatchObject({ code: 0, stdout: `${version}\n`, stderr: '' });
  });

  it('without a command says what is next', async () => {
    const { code, stderr, stdout } = await tslm([]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toMatch(/Next in this folder:[\s\S]*tslm --help/);
  });

  it.each([
    [['trian'], /unknown command 'trian'/],
    [['train', 'r.yaml', '--otu', 'x'], /unknown option '--otu'/],
    [['train'], /missing required argument 'recipe'/],
    [['evaluate', 'model', '--tasks', 'blimp', '--data', 'c'], /cannot be used with/],
    [['evaluate', 'model', '--data', 'c', '--split', 'all'], /'all' is invalid/],
    [['evaluate', 'model', '--data', 'c', '--limit', '-3'], /'-3' is invalid.*above 0/],
    [['generate', 'model', '--temperature', 'warm'], /'warm' is invalid.*a number/],
    [['generate', 'model', '--prompt', 'x', '--prompt-file', 'y'], /cannot be used with/],
    [['doctor', 'now'], /too many arguments/],
    [['bench', 'trian'], /unknown command 'trian'/],
  ])('%j is wrong usage: exit code 2, and where to look', async (args, message) => {
    const { code, stdout, stderr } = await tslm(args);
    expect(code).toBe(2);
    expect(stdout).toBe('');
    expect(stderr).toMatch(/^tslm: /);
    expect(stderr).toMatch(message);
    expect(stderr).toMatch(/→ `tslm.* --help` explains it\n$/);
    expect(stderr).not.toMatch(/\n {4}at /);
  });

  it('suggests the nearest command', async () => {
    expect((await tslm(['trian'])).stderr).toContain('Did you mean train?');
  });

  it('does not load libtorch to refuse a recipe', async () => {
    expectRefusal(await tslm(['train', 'nothing.yaml'], { env: { TSLM_LIBTORCH: '/nowhere' } }), 1, /nothing\.yaml/);
  });

  it('loads no package but the one that reads options, so that `--help` is there at once', () => {
    const hook = 'export const load = (url, context, next) => (console.error(url), next(url, context));';
    const source = `import { register } from 'node:module'; register('data:text/javascript,' + encodeURIComponent(${JSON.stringify(hook)}));`;
    const { status, stderr } = spawnSync(
      process.execPath,
      ['--import', `data:text/javascript,${encodeURIComponent(source)}`, join(root, 'bin', 'tslm'), '--help'],
      { encoding: 'utf8', timeout: 60_000 },
    );
    expect(status, stderr).toBe(0);
    const packages = [...stderr.matchAll(/\/node_modules\/([^/]+)\/(?!.*node_modules)/g)].map(([, name]) => name);
    expect([...new Set(packages)]).toEqual(['commander']);
    expect(stderr).toContain('/dist/cli/main.js');
    expect(stderr).not.toMatch(/\/dist\/(models|evaluate|engine|generate|nn)\//);
  });
});
