/** Constraints compiled in a thread of their own. */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadConstraint } from '../../src/constrain/constraint.ts';
import { startCompiler } from '../../src/constrain/index.ts';
import { vocabularyFrom } from '../../src/constrain/vocabulary/vocabulary-data.ts';
import { byteTokenizer } from '../data/helpers.ts';

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'tslm-'));
  byteTokenizer(folder);
});
afterAll(() => rmSync(folder, { recursive: true }));

describe('the thread that compiles', () => {
  it('gives programs that work here, and errors with their code and path', async () => {
    using compiler = startCompiler(folder);
    const data = await compiler.vocabulary();
    const vocabulary = vocabularyFrom(data, [256]);
    const schema = { type: 'object', properties: { a: { type: 'string', maxLength: 3 } }, required: ['a'] };
    const program = await compiler.compile({ kind: 'jsonSchema', schema });
    const state = loadConstraint(program, vocabulary).start();
    for (const byte of Buffer.from('{"a":"xyz"}')) state.advance(byte);
    state.advance(256);
    expect(state.complete).toBe(true);
    const refused = compiler.compile({ kind: 'jsonSchema', schema: { properties: { a: { $ref: 'b' } } } });
    await expect(refused).rejects.toMatchObject({ code: 'TSLM_UNSUPPORTED_KEYWORD', exitCode: 2 });
    await expect(refused).rejects.toThrow('#/properties/a');
  });

  it('is ended when it takes too long, and the next question is answered by another', async () => {
    using compiler = startCompiler(folder, { timeLimit: 1 });
    await compiler.vocabulary();
    const slow = { kind: 'regex', pattern: `(${'(a|b)*a(a|b){200}|'.repeat(40)}c)` } as const;
    await expect(compiler.compile(slow)).rejects.toMatchObject({ code: 'TSLM_CONSTRAINT_TOO_LARGE', exitCode: 2 });
    await expect(compiler.vocabulary()).resolves.toMatchObject({ size: 257 });
  });

  it('answers nothing once it is closed', async () => {
    const compiler = startCompiler(folder);
    const question = Promise.resolve(compiler.compile({ kind: 'json' }));
    compiler[Symbol.dispose]();
    await expect(question).rejects.toMatchObject({ code: 'TSLM_CLOSED' });
  });
});
