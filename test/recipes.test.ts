/** The recipes that come with tslm: they parse, explain every key, and their first lines can be typed as they stand. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { isMap, isPair, parseDocument, visit } from 'yaml';
import { program } from '../src/cli/main.ts';
import { readRecipe } from '../src/runs/recipe.ts';
import { recipeSchema } from '../src/runs/recipe-schema.ts';
import { root } from '../src/support/root.ts';
import { knownKeys } from '../src/support/schema.ts';
import { checkCommand, commandsIn } from './helpers/command-lines.ts';

const folder = join(root, 'recipes');
const files = readdirSync(folder).filter(name => name.endsWith('.yaml'));

it('there are recipes', () => {
  expect(files).toEqual(expect.arrayContaining(['quickstart.yaml', 'shakespeare-char.yaml']));
});

describe.each(files)('%s', file => {
  const path = join(folder, file);
  const text = readFileSync(path, 'utf8');
  const lines = text.split('\n');

  it('parses, and is called like its file', () => {
    expect(`${readRecipe(path).name}.yaml`).toBe(file);
  });

  it('explains every key where it stands', () => {
    const isKey = (line: string): boolean => /^ *\w+: *\S/.test(line);
    expect(lines.filter(isKey).length).toBeGreaterThan(5);
    const unexplained = lines.filter((line, i) => isKey(line) && !line.includes('#') && !/^\s*#/.test(lines[i - 1]));
    expect(unexplained).toEqual([]);
  });

  it('leaves no section and no key to guess', () => {
    const document = parseDocument(text);
    const present = new Set<string>();
    visit(document, {
      Pair(_, pair, ancestors) {
        const keys = [...ancestors.filter(isPair), pair].map(({ key }) => String(key));
        present.add(keys.join('.'));
      },
    });
    expect(isMap(document.contents)).toBe(true);
    const sections = knownKeys(recipeSchema);
    const wanted = sections.flatMap(section => {
      const keys = knownKeys(recipeSchema, [section], document.toJS()).map(key => `${section}.${key}`);
      return keys.length > 0 ? keys : [section];
    });
    // What is off unless it is named may stand in a comment.
    const isOffered = (key: string): boolean => text.includes(`# ${key.split('.').at(-1)}: `);
    expect(wanted.length).toBeGreaterThan(10);
    const missing = wanted.filter(
      key => !present.has(key) && !isOffered(key) && key !== 'model.from' && !key.startsWith('schedule.'),
    );
    expect(missing).toEqual([]);
  });

  it('says in its comments only what the command line understands', () => {
    const comment = lines
      .filter(line => line.startsWith('#'))
      .map(line => line.replace(/^# ?/, ''))
      .join('\n');
    const commands = commandsIn(comment);
    for (const command of commands) checkCommand(program(), command);
    const train = commands.find(words => words[0] === 'train');
    if (file !== 'quickstart.yaml') {
      expect(train).toEqual(['train', `recipes/${file}`]);
      const { data, model, objective } = readRecipe(path);
      const { corpus, tokenizer } = data;
      if (objective.name === 'image-classification') return; // labels of images need no tokenizer
      if (corpus === undefined && tokenizer === undefined) {
        // Rows are read with the tokenizer of the model, which is pulled, or is another recipe's.
        const pulled = commands.find(words => words[0] === 'pull');
        if (pulled) expect(pulled[pulled.indexOf('--local-dir') + 1]).toBe(model.from);
        else expect(files).toContain(`${model.from!.replace('runs/', '')}.yaml`);
        return;
      }
      const [first, folder] = corpus === undefined ? ['tokenizer', tokenizer] : ['prepare', corpus];
      const made = commands.findLast(words => words[0] === first);
      expect(made?.[made.indexOf('--out') + 1]).toBe(folder);
    }
  });
});
