/** What the page shows of the server's errors. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { answerOf, STATUSES } from '../../src/serve/http/errors.ts';
import { UserError } from '../../src/support/errors.ts';
import { en } from '../../studio/src/i18n/en.ts';
import { zh } from '../../studio/src/i18n/zh.ts';
import { describeProblem } from '../../studio/src/server/problem.ts';

const codeOf = (code: string): string => answerOf(new UserError(code, '')).body.error.code!;
const problem = (code: string, more: object = {}) => ({ status: 400, code, message: 'The server says so.', ...more });

describe('errors of the server', () => {
  it('are Chinese on the Chinese page', () => {
    expect(describeProblem(problem('empty_prompt'), zh)).toEqual({
      message: '提示词为空。',
      hint: '请至少输入一个词元的文本。',
    });
    expect(describeProblem(problem('bad_schema'), zh)).toEqual({
      message: 'JSON Schema 有误。',
      hint: '服务原文：The server says so.',
    });
    expect(describeProblem(problem('gone', { status: 0 }), zh).message).toBe(zh.problems.gone);
    expect(describeProblem(problem('invalid_api_key', { status: 401 }), zh).message).toBe(zh.problems.noKey);
  });

  it('are as the server says them on the English page, and where the code is not known', () => {
    const said = { message: 'The server says so.', hint: undefined };
    expect(describeProblem(problem('bad_schema'), en)).toEqual(said);
    for (const code of ['never_seen', 'toString', '418']) expect(describeProblem(problem(code), zh)).toEqual(said);
  });

  it('have a Chinese text for every status that the server may answer with', () => {
    const elsewhere = ['TSLM_INVALID_API_KEY', 'TSLM_METHOD_NOT_ALLOWED', 'TSLM_MEDIA_TYPE', 'TSLM_CLIENT_CLOSED'];
    const operating = ['TSLM_EMFILE', 'TSLM_ENFILE', 'TSLM_EDQUOT'];
    expect(Object.keys(STATUSES).length).toBeGreaterThan(10);
    const missing = Object.keys(STATUSES).filter(
      code => !elsewhere.includes(code) && !operating.includes(code) && !(codeOf(code) in zh.problems.codes),
    );
    expect(missing).toEqual([]);
  });

  it('have no text for codes that do not exist', () => {
    const files = readdirSync('src', { recursive: true, encoding: 'utf8' }).filter(name => name.endsWith('.ts'));
    const source = files.map(name => readFileSync(join('src', name), 'utf8')).join('\n');
    const known = new Set([...source.matchAll(/TSLM_[A-Z0-9_]+/g)].map(([code]) => codeOf(code)));
    const texts = Object.keys(zh.problems.codes);
    expect([known.size > 100, texts.length > 10]).toEqual([true, true]);
    expect(texts.filter(code => code !== '500' && !known.has(code))).toEqual([]);
  });
});
