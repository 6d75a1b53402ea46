/** `tslm generate --json-schema`, `--regex`, `--grammar`. */
import { cpSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { createModel, saveModel } from '../../src/models/auto.ts';
import { writeJson } from '../../src/support/files.ts';
import { Tokenizer } from '../../src/tokenizers/tokenizer.ts';
import { tslmHere } from '../helpers/cli.ts';
import { scratchFolder } from '../support/scratch.ts';

const scratch = scratchFolder();
const folder = join(scratch, 'gpt2');
const tokenizerFolder = 'test/fixtures/tokenizers/byte_bpe_gpt2';
const schema = join(scratch, 'schema.json');
const grammar = join(scratch, 'yes.gbnf');

beforeAll(() => {
  const { vocabSize } = Tokenizer.fromFile(tokenizerFolder);
  saveModel(folder, createModel('gpt2', { layers: 1, hidden: 16, heads: 2, context: 96, vocabSize }, { seed: 3 }));
  cpSync(tokenizerFolder, folder, { recursive: true });
  writeJson(schema, {
    type: 'object',
    properties: { n: { type: 'integer', minimum: 1, maximum: 99 } },
    required: ['n'],
    additionalProperties: false,
  });
  writeFileSync(grammar, 'root ::= ("yes" | "no") "!"{1,3}\n');
});

const generate = (...args: string[]) => tslmHere(['generate', folder, '--prompt', 'One', '--json', ...args]);

describe('tslm generate under a constraint', () => {
  it.each([
    [['--json-schema', schema], /^\{"n":[1-9]\d?\}$/],
    [['--regex', '[a-f]{4}\\d'], /^[a-f]{4}\d$/],
    [['--grammar', grammar, '--num-beams', '2'], /^(yes|no)!{1,3}$/],
  ])('%j', async (args, expected) => {
    const { stdout, code } = await generate(...args);
    expect(code).toBe(0);
    const [{ text, stop }] = JSON.parse(stdout).results;
    expect(text).toMatch(expected);
    expect(stop).toBe('eos');
  });

  it.each([
    [['--regex', '(?=a)'], 'lookahead'],
    [['--json-schema', 'none.json'], 'none.json'],
    [['--grammar', 'none.gbnf'], 'none.gbnf'],
    [['--regex', 'a', '--grammar', grammar], 'cannot be used with'],
  ])('refuses %j in one line', async (args, message) => {
    const { stderr, code } = await generate(...args);
    expect(code).not.toBe(0);
    expect(stderr).toContain(message);
  });
});
