/** Defaults of options from files and the environment: their order, their errors, and `tslm config show`. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { applyConfig, leavesOf, unknownVariables } from '../../src/cli/config/apply-config.ts';
import { configLayers, type Layer } from '../../src/cli/config/layers.ts';
import { program } from '../../src/cli/main.ts';
import { UserError } from '../../src/support/errors.ts';
import { expectRefusal, tslm } from '../helpers/cli.ts';
import { scratchFolder } from '../support/scratch.ts';

/** Options of a command as it would see them. */
function optionsOf(words: string[], layers: Layer[], env: NodeJS.ProcessEnv = {}, argv: string[] = []) {
  const root = program();
  applyConfig(root, layers, env);
  const [command] = leavesOf(root).find(([, path]) => path.join(' ') === words.join(' '))!;
  let seen: Record<string, unknown> = {};
  command.action(() => {
    seen = command.opts();
  });
  root.parse([...words, ...argv], { from: 'user' });
  return seen;
}

const layer = (values: Record<string, unknown>, name = 'tslm.yaml'): Layer => ({ name, values });

describe('order', () => {
  const layers = [layer({ serve: { port: 9000 } }), layer({ serve: { port: 9001, host: '::1' } }, 'package.json')];

  it('takes flag, variable, file, file, default', () => {
    expect(optionsOf(['serve'], layers)).toMatchObject({ port: 9000, host: '::1', timeout: 600 });
    expect(optionsOf(['serve'], layers, { TSLM_SERVE_PORT: '7' }).port).toBe(7);
    expect(optionsOf(['serve'], layers, { TSLM_SERVE_PORT: '7' }, ['--port', '1']).port).toBe(1);
    expect(optionsOf(['serve'], [])).toMatchObject({ port: 8080 });
  });

  it('gives a required option, options that are off, and options of subcommands', () => {
    expect(optionsOf(['prepare'], [layer({ prepare: { out: 'c' } })], {}, ['a.txt']).out).toBe('c');
    expect(optionsOf(['serve'], [layer({ serve: { studio: false } })]).studio).toBe(false);
    expect(optionsOf(['serve'], [], { TSLM_SERVE_STUDIO: 'no' }).studio).toBe(false);
    const nested = [layer({ tokenizer: { train: { 'vocab-size': 300, out: 'x' } } })];
    expect(optionsOf(['tokenizer', 'train'], nested, {}, ['a.txt'])).toMatchObject({ vocabSize: 300, out: 'x' });
  });

  it('replaces lists by what the command line says', () => {
    const lists = [layer({ train: { set: ['a=1', 'b=2'] }, prepare: { out: 'c', include: ['*.md', '*.txt'] } })];
    expect(optionsOf(['train'], lists, {}, ['r.yaml']).set).toEqual(['a=1', 'b=2']);
    expect(optionsOf(['train'], lists, {}, ['r.yaml', '--set', 'c=3', '--set', 'd=4']).set).toEqual(['c=3', 'd=4']);
    expect(optionsOf(['prepare'], lists, {}, ['a']).include).toEqual(['*.md', '*.txt']);
    expect(optionsOf(['prepare'], lists, {}, ['a', '--include', 'x', '--include', 'y']).include).toEqual(['x', 'y']);
  });
});

describe('errors', () => {
  const refusal = (values: Record<string, unknown>): string => {
    try {
      applyConfig(program(), [layer(values)]);
    } catch (error) {
      if (error instanceof UserError) return `${error.exitCode} ${error.message} → ${error.hint}`;
    }
    return 'none';
  };

  it.each<[Record<string, unknown>, RegExp]>([
    [{ serve: { prot: 1 } }, /^2 tslm.yaml: unknown key 'serve.prot' → did you mean 'serve.port'\?/],
    [{ srve: {} }, /unknown key 'srve' → did you mean 'serve'\?/],
    [{ tokenizer: { trian: {} } }, /unknown key 'tokenizer.trian' → did you mean 'tokenizer.train'\?/],
    [{ serve: 3 }, /'serve' is a command: its options are expected/],
    [{ serve: { port: 'many' } }, /'serve.port': expected a whole number/],
    [{ serve: { port: [1, 2] } }, /'serve.port': one value is expected/],
    [{ serve: { studio: 'off' } }, /'serve.studio': true or false is expected/],
    [{ serve: { 'log-level': 'loud' } }, /'serve.log-level': Allowed choices/],
    [{ evaluate: { 'allow-code-execution': true } }, /can only be given on the command line/],
  ])('%j', (values, message) => {
    expect(refusal(values)).toMatch(message);
  });

  it('a variable that is no option is told apart from others', () => {
    const env = { TSLM_SERVE_PROT: '1', TSLM_SERVE_PORT: '1', TSLM_THREADS: '1', SERVE_PORT: '1' };
    expect(unknownVariables(program(), env)).toEqual(['TSLM_SERVE_PROT']);
  });
});

describe('files', () => {
  const cwd = scratchFolder();
  const env = { XDG_CONFIG_HOME: join(cwd, 'home') };
  mkdirSync(join(cwd, 'home', 'tslm'), { recursive: true });
  writeFileSync(join(cwd, 'tslm.yaml'), 'generate: { temperature: 0.5 }\n');
  writeFileSync(
    join(cwd, 'package.json'),
    '{ "name": "x", "tslm": { "generate": { "temperature": 0.6, "top-k": 7 } } }',
  );
  writeFileSync(join(cwd, 'home', 'tslm', 'config.yaml'), 'generate: { temperature: 0.7, top-p: 0.9 }\n');

  it('are read in their order', async () => {
    expect((await configLayers({ cwd, env })).map(({ name }) => name)).toEqual([
      'tslm.yaml',
      'package.json',
      join(cwd, 'home', 'tslm', 'config.yaml'),
    ]);
    expect(optionsOf(['generate'], await configLayers({ cwd, env }), {}, ['m'])).toMatchObject({
      temperature: 0.5,
      topK: 7,
      topP: 0.9,
    });
    expect(await configLayers({ cwd: join(cwd, 'home'), env: { XDG_CONFIG_HOME: cwd } })).toEqual([]);
  });

  it('are what `config show` tells of', async () => {
    const { code, stdout } = await tslm(['config', 'show', '--json'], {
      cwd,
      env: { ...env, TSLM_GENERATE_TOP_K: '3' },
    });
    expect(code).toBe(0);
    const { settings } = JSON.parse(stdout) as { settings: Record<string, unknown>[] };
    expect(settings).toEqual([
      { command: 'generate', key: 'top-k', value: 3, source: 'TSLM_GENERATE_TOP_K', overridden: ['package.json'] },
      {
        command: 'generate',
        key: 'temperature',
        value: 0.5,
        source: 'tslm.yaml',
        overridden: ['package.json', join(cwd, 'home', 'tslm', 'config.yaml')],
      },
      {
        command: 'generate',
        key: 'top-p',
        value: 0.9,
        source: join(cwd, 'home', 'tslm', 'config.yaml'),
        overridden: [],
      },
    ]);
    const shown = await tslm(['config', 'show', 'generate'], { cwd, env });
    expect(shown.stdout).toMatch(/^generate +seed .*built in$/m);
  });

  it('that are wrong are an error of the command', async () => {
    writeFileSync(join(cwd, 'tslm.yaml'), 'generate: { temprature: 0.5 }\n');
    expectRefusal(await tslm(['list'], { cwd, env }), 2, /tslm.yaml: unknown key 'generate.temprature'/);
  });
});
