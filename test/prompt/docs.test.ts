/** What docs/PROMPTS.md says can be typed, read and run. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import { parse } from 'yaml';
import type { z } from 'zod';
import { program } from '../../src/cli/main.ts';
import { createModel, saveModel } from '../../src/models/auto.ts';
import { SEARCHES } from '../../src/prompt/optimize/searches.ts';
import { createPromptFile } from '../../src/prompt/program/prompt-file.ts';
import { STRATEGIES } from '../../src/prompt/strategies/strategies.ts';
import { byteTokenizer } from '../data/helpers.ts';
import { checkCommand, commandsIn } from '../helpers/command-lines.ts';
import { scratchFolder } from '../support/scratch.ts';

const page = readFileSync('docs/PROMPTS.md', 'utf8');
const blocks = (language: string): string[] =>
  [...page.matchAll(new RegExp(`\`\`\`${language}\\n([\\s\\S]*?)\`\`\``, 'g'))].map(([, code]) => code);

describe('docs/PROMPTS.md', () => {
  const commands = commandsIn(
    page
      .split('\n')
      .filter(line => line.startsWith('    '))
      .join('\n'),
  );

  it.each(commands.map(words => [words.join(' '), words] as const))('tslm %s', (_, words) => {
    checkCommand(program(), words);
  });

  it('has every strategy with options that there are, and every optimiser', () => {
    expect(commands.length).toBeGreaterThan(6);
    let options = 0;
    for (const [name, strategy] of Object.entries(STRATEGIES)) {
      const row = page.split('\n').find(line => line.startsWith(`| \`${name}\` |`));
      expect(row, name).toBeDefined();
      const named = [
        ...row!
          .split('|')
          .at(-2)!
          .matchAll(/`(\w+)`/g),
      ].map(([, option]) => option);
      const known = Object.keys((strategy.options as z.ZodObject).shape);
      options += named.length;
      expect(
        named.filter(option => !known.includes(option)),
        name,
      ).toEqual([]);
    }
    expect(options).toBeGreaterThan(5);
    expect(Object.keys(SEARCHES).length).toBeGreaterThan(0);
    for (const name of Object.keys(SEARCHES)) expect(page).toContain(`| \`${name}\` |`);
  });

  it('shows a file that can be read', () => {
    const [file] = blocks('yaml').map(text => createPromptFile(parse(text), 'docs.yaml'));
    const text = file.prompt.render({ question: 'What is 2 + 3?' }, file.options.examples!.rows);
    expect(text).toBe(
      'Solve the problem.\n\nQ: What is 1 + 1?\nA: One and one. The answer is 2.\n\nQ: What is 2 + 3?\nA:',
    );
  });

  it('shows a program that runs', async () => {
    const folder = join(scratchFolder(), 'models', 'tiny');
    mkdirSync(folder, { recursive: true });
    byteTokenizer(folder);
    const model = createModel(
      'gpt2',
      { layers: 1, hidden: 32, heads: 2, context: 256, vocabSize: 257 },
      { seed: 1, eosTokenId: 256 },
    );
    saveModel(folder, model);
    model.dispose();
    const code = blocks('ts')[0]
      .replace("'models/tiny'", `'${folder}'`)
      .replace("from 'tslm/prompt'", `from '${resolve('src/exports/prompt.ts')}'`)
      .replace("from 'zod'", `from '${resolve('node_modules/zod/index.js')}'`);
    const path = join(scratchFolder(), 'example.ts');
    writeFileSync(path, code);
    const log = vi.spyOn(console, 'log').mockReturnValue();
    try {
      await import(path);
      const [answer, tokens] = log.mock.calls[0];
      expect(answer.label).toMatch(/^(good|bad)$/);
      expect(tokens).toBeGreaterThan(20);
    } finally {
      log.mockRestore();
    }
  });
});
