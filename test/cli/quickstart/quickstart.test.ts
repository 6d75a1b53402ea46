/** The quickstart as a process: what it makes, what it leaves alone. */
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { fromWholeSentence } from '../../../src/cli/quickstart/fitting-recipe.ts';
import { ownSources } from '../../../src/cli/quickstart/prepare-corpus.ts';
import { randomText } from '../../data/helpers.ts';
import { bin, runProcess, tslm } from '../../helpers/cli.ts';
import { tinyCorpus } from '../../helpers/tiny.ts';
import { scratchFolder } from '../../support/scratch.ts';

const folder = scratchFolder();
const place = (...names: string[]): string => join(folder, ...names);

describe('what was there before', () => {
  it('stays when the new text is too short to train on', { timeout: 120_000 }, async () => {
    const [run, corpus, text] = [place('kept', 'run'), place('kept', 'corpus'), place('short.txt')];
    tinyCorpus(corpus);
    mkdirSync(run, { recursive: true });
    writeFileSync(join(run, 'recipe.yaml'), 'name: before\n');
    const before = readFileSync(join(corpus, 'corpus.json'), 'utf8');
    writeFileSync(text, 'Too little to learn from.\n');
    const { code, stderr } = await tslm(['quickstart', text, '--seconds', '1', '--out', run, '--corpus', corpus]);
    expect(code, stderr).not.toBe(0);
    expect(readFileSync(join(run, 'recipe.yaml'), 'utf8')).toBe('name: before\n');
    expect(readFileSync(join(corpus, 'corpus.json'), 'utf8')).toBe(before);
    expect(readdirSync(place('kept')).sort()).toEqual(['corpus', 'run']);
  });
});

describe('prompts', () => {
  it.each([
    ['.\n\nVIRGILIA:\nIndeed, no.', 'VIRGILIA:\nIndeed, no.'],
    ['ence of it. Then she said', 'Then she said'],
    ['道：“好。”悟空听了', '悟空听了'],
    ['之说。却说那', '却说那'],
    ['half a word and 3.5 more', 'half a word and 3.5 more'],
    ['the end.\n', 'the end.\n'],
  ])('begin with a whole sentence: %j', (text, expected) => {
    expect(fromWholeSentence(text)).toBe(expected);
  });
});

describe('ownSources', () => {
  it('are folders of tslm itself, whatever npm installed', () => {
    const { paths } = ownSources();
    expect(paths.every(path => existsSync(path) && !path.includes('node_modules'))).toBe(true);
  });
});

describe.skipIf(!process.env.TSLM_LONG)('quickstart', () => {
  it('goes all the way on a small folder of text, and says what to try next', { timeout: 300_000 }, async () => {
    const texts = place('texts');
    mkdirSync(texts);
    for (let i = 0; i < 40; i++) writeFileSync(join(texts, `${i}.txt`), randomText(150, i));
    const args = ['quickstart', texts, '--seconds', '2', '--out', place('quick'), '--corpus', place('quick-corpus')];
    const first = await tslm(args);
    expect(first.code, first.stderr).toBe(0);
    const [, next] = first.stdout.split('Try next:\n');
    const commands = next
      .trim()
      .split('\n')
      .map(line => line.trim());
    expect(commands).toHaveLength(3);
    expect(commands[0]).toMatch(new RegExp(`^bin/tslm generate ${place('quick')} --prompt '.+'`));
    // The first two can be typed as they stand.
    for (const command of commands.slice(0, 2)) {
      const { code, stderr } = await runProcess('sh', [
        '-c',
        command.replace('bin/tslm', `"${process.execPath}" "${bin}"`),
      ]);
      expect(code, `${command}\n${stderr}`).toBe(0);
    }
    expect(readFileSync(place('quick', 'report.html'), 'utf8')).toContain('Kneser-Ney');
    expect(first.stdout).toMatch(/GPT +[\d.]+ bits per byte/);
    // Again: what it made before may be replaced; a single file is enough.
    rmSync(join(texts, '0.txt'));
    const second = await tslm(['quickstart', join(texts, '1.txt'), join(texts, '2.txt'), ...args.slice(2)]);
    expect(second.code, second.stderr).toBe(0);
    expect(readdirSync(folder).filter(name => name.startsWith('quick'))).toEqual(['quick', 'quick-corpus']);
  });

  it('stops at a signal and says how to go on', { timeout: 300_000 }, async () => {
    const text = place('one.txt');
    writeFileSync(text, randomText(3000, 1));
    let sent = false;
    const out = place('stopped');
    mkdirSync(out);
    writeFileSync(join(out, 'recipe.yaml'), 'name: before\n');
    const outcome = await tslm(
      ['quickstart', text, '--seconds', '20', '--out', out, '--corpus', place('stopped-corpus')],
      {
        onOutput: async (child, _, stderr) => {
          if (sent || !stderr.includes('steps of')) return;
          sent = true;
          await sleep(1000);
          child.kill('SIGTERM');
        },
      },
    );
    expect(outcome.code, outcome.stderr).toBe(143);
    expect(outcome.stdout).toContain(`bin/tslm resume ${out}`);
    expect(readFileSync(join(`${out}.previous`, 'recipe.yaml'), 'utf8')).toBe('name: before\n');
    expect(outcome.stdout).toContain(`${out}.previous`);
  });
});
