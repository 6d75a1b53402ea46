/** The table of commands beside the commands themselves, and what becomes of values. */
import type { Command } from 'commander';
import { describe, expect, it } from 'vitest';
import { program } from '../../../../src/cli/main.ts';
import { recipeFile } from '../../../../src/runs/known-recipes.ts';
import { readRecipe } from '../../../../src/runs/recipe.ts';
import {
  commandLine,
  JOB_COMMANDS,
  type JobCommand,
  type JobOption,
  optionsOfJob,
  wordsOf,
} from '../../../../src/serve/studio/jobs/commands.ts';

const commands = Object.keys(JOB_COMMANDS) as JobCommand[];
const root = program();
const commandOf = (name: string): Command => root.commands.find(command => command.name() === name)!;

describe('the table of commands', () => {
  it.each(commands)('%s has the arguments and flags that the command has', name => {
    const command = commandOf(name);
    const options: readonly JobOption[] = optionsOfJob(name);
    const byPlace = options.filter(({ flag, key }) => flag === undefined && key === undefined);
    expect(byPlace).toHaveLength(command.registeredArguments.length);
    expect(options.slice(0, byPlace.length)).toEqual(byPlace);
    for (const option of options.filter(({ flag }) => flag !== undefined)) {
      const known = command.options.find(({ long }) => long === option.flag);
      expect(known, `${name} ${option.flag}`).toBeDefined();
      expect(known!.isBoolean(), option.flag).toBe(option.kind === 'switch');
      if (option.kind === 'choice' && known!.argChoices) {
        expect(known!.argChoices).toEqual(expect.arrayContaining([...option.choices]));
      }
      if ('default' in option && option.default !== undefined) expect(option.default).toBe(known!.defaultValue);
    }
    for (const required of command.options.filter(({ mandatory }) => mandatory)) {
      expect(options.find(({ flag }) => flag === required.long)?.isRequired, required.long).toBe(true);
    }
  });

  it('changes keys that recipes have', () => {
    const values = {
      recipe: 'r',
      corpus: 'corpora/my own: text',
      time: '5m',
      steps: 70,
      batchSize: 2,
      lr: 0.01,
      layers: 2,
    };
    const words = wordsOf('train', { ...values, hidden: 32, heads: 2, context: 64 });
    const overrides = words.filter((_, i) => words[i - 1] === '--set');
    expect(overrides).toHaveLength(9);
    const recipe = readRecipe(recipeFile('quickstart'), overrides);
    expect(recipe).toMatchObject({
      data: { corpus: 'corpora/my own: text' },
      train: { budget: '5m', steps: 70, batchSize: 2 },
      optimizer: { lr: 0.01 },
      model: { layers: 2, hidden: 32, heads: 2, context: 64 },
    });
  });
});

describe('a command line', () => {
  it('leaves out what is as by default, empty or off', () => {
    const values = {
      input: 'a.txt',
      out: 'corpora/a',
      vocabSize: 16384,
      tokenizerKind: 'char',
      overwrite: false,
      column: '',
    };
    expect(wordsOf('prepare', values)).toEqual(['prepare', 'a.txt', '--out', 'corpora/a', '--tokenizer-kind', 'char']);
    expect(wordsOf('learn', { folder: 'learning', rebuild: true })).toEqual(['learn', 'learning', '--rebuild']);
    expect(wordsOf('evaluate', { model: 'm', tasks: 'blimp', taskData: 'data' })).toEqual(
      ['evaluate', 'm', '--tasks', 'blimp', '--data-map', '*=data'], // biome-ignore format: one line
    );
  });

  it('is what a person would type in a shell', () => {
    expect(commandLine(['train', 'my recipe.yaml', '--set', 'data.corpus=corpora/书'])).toBe(
      "tslm train 'my recipe.yaml' --set data.corpus=corpora/书",
    );
    expect(commandLine(['prepare', "it's; rm -rf $HOME"])).toBe("tslm prepare 'it'\\''s; rm -rf $HOME'");
  });
});
