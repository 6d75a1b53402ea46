/** The commands of every day: what is here, what is next, recipes, completion, conversations. */
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { createReader } from '../../src/cli/chat.ts';
import { nextSteps } from '../../src/cli/next-steps.ts';
import { contentsOf } from '../../src/runs/folder-contents.ts';
import { root } from '../../src/support/root.ts';
import { tslm as run } from '../helpers/cli.ts';
import { scratchFolder } from '../support/scratch.ts';
import { taskModels } from '../tasks/model-folders.ts';

const folder = scratchFolder();
taskModels(join(folder, 'models'));
mkdirSync(join(folder, 'runs', 'half'), { recursive: true });
writeFileSync(join(folder, 'runs', 'half', 'recipe.yaml'), 'name: half\n');
writeFileSync(
  join(folder, 'runs', 'half', 'run.json'),
  JSON.stringify({ progress: { step: 3, best: { loss: 2 } }, recipe: { train: { steps: 9 } } }),
);

const tslm = (args: readonly string[], stdin?: string) =>
  run(args, { cwd: folder, env: { XDG_STATE_HOME: folder }, stdin });

describe('what is in a folder', () => {
  it('is told by kind, with one line about each', async () => {
    const entries = contentsOf(folder);
    expect(entries.map(({ kind }) => kind)).toContain('model');
    expect(entries.find(({ kind }) => kind === 'run')?.about).toBe('step 3 of 9, held-out loss 2.000');
    const { code, stdout } = await tslm(['list', '--json']);
    expect(code).toBe(0);
    expect(JSON.parse(stdout).map(({ path }: { path: string }) => path)).toContain('models/writer');
  });

  it('decides what is next', async () => {
    const commands = nextSteps(contentsOf(folder), true).map(([command]) => command);
    expect(commands[0]).toMatch(/^tslm resume .*half$/);
    expect(commands.some(command => command.startsWith('tslm serve'))).toBe(true);
    expect(nextSteps([], true).map(([command]) => command)).toContain('tslm quickstart');
    expect(nextSteps([], false)).toHaveLength(1);
    expect((await tslm([])).stdout).toContain('tslm resume runs/half');
  });
});

describe('tslm recipes', () => {
  it('lists, shows and copies', async () => {
    expect((await tslm(['recipes', 'list'])).stdout).toMatch(/^bert +BERT/m);
    const text = readFileSync(join(root, 'recipes', 'bert.yaml'), 'utf8');
    expect((await tslm(['recipes', 'show', 'bert'])).stdout).toBe(text);
    expect((await tslm(['recipes', 'copy', 'bert', 'mine.yaml'])).stdout).toBe('mine.yaml\n');
    expect(readFileSync(join(folder, 'mine.yaml'), 'utf8')).toBe(text);
    expect(await tslm(['recipes', 'copy', 'bert', 'mine.yaml'])).toMatchObject({ code: 2, stdout: '' });
    expect((await tslm(['recipes', 'show', 'brt'])).stderr).toContain("did you mean 'bert'?");
  });
});

describe('tslm completion', () => {
  const complete = async (words: string[]): Promise<string[]> => {
    const { stdout } = await tslm(['completion', 'bash']);
    const script = `${stdout}\nCOMP_WORDS=(${words.map(word => `'${word}'`).join(' ')}); COMP_CWORD=${words.length - 1}; _tslm; echo "\${COMPREPLY[@]}"`;
    return spawnSync('bash', ['-c', script], { encoding: 'utf8' }).stdout.trim().split(' ');
  };

  it('knows commands, subcommands and options', async () => {
    expect(await complete(['tslm', 'fin'])).toEqual(['finetune']);
    expect(await complete(['tslm', 'tokenizer', 'tr'])).toEqual(['train']);
    expect(await complete(['tslm', 'train', 'x.yaml', '--se'])).toEqual(['--set']);
  });

  it.each(['zsh', 'fish'])('has a script for %s that names every command', async shell => {
    const { stdout } = await tslm(['completion', shell]);
    for (const name of ['quickstart', 'tokenizer', 'serve', 'recipes']) expect(stdout).toContain(name);
  });
});

describe('tslm chat', () => {
  it('answers the lines of a pipe, follows commands and keeps the conversation', async () => {
    const input = '/system short\nhello\n"""\ntwo\nlines\n"""\n/undo\n/save talk.json\n/nothing\n';
    const { code, stdout, stderr } = await tslm(['chat', 'models/writer', '--max-tokens', '4', '--seed', '1'], input);
    expect(stderr).toContain('there is no /nothing');
    expect(code).toBe(0);
    expect(stdout.length).toBeGreaterThan(2);
    const { messages } = JSON.parse(readFileSync(join(folder, 'talk.json'), 'utf8'));
    expect(messages.map(({ role }: { role: string }) => role)).toEqual(['system', 'user', 'assistant']);
    expect(messages[1].content).toBe('hello');
  });

  it('names the remedy for a model without a chat template', async () => {
    cpSync(join(folder, 'models', 'writer'), join(folder, 'plain'), { recursive: true });
    rmSync(join(folder, 'plain', 'chat_template.jinja'), { force: true });
    const path = join(folder, 'plain', 'tokenizer_config.json');
    const { chat_template: _, ...config } = JSON.parse(readFileSync(path, 'utf8'));
    writeFileSync(path, JSON.stringify(config));
    expect(await tslm(['chat', 'plain'])).toMatchObject({ code: 2 });
    expect((await tslm(['chat', 'plain', '--quiet'])).stderr).toMatch(
      /^tslm: plain: the model has no chat template\n {2}→ /,
    );
  });

  it('puts lines together', () => {
    const read = createReader();
    expect(['a\\', 'b'].map(read)).toEqual([undefined, 'a\nb']);
    expect(['"""one', 'two', 'three"""', 'x'].map(read)).toEqual([undefined, undefined, 'one\ntwo\nthree', 'x']);
    expect(read('"""in one"""')).toBe('in one');
  });
});
