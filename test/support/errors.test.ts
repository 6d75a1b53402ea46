import { describe, expect, it } from 'vitest';
import { explainFileError, isErrno, messageOf, UserError, usageError } from '../../src/support/errors.ts';

const errno = (code: string, path?: string) => Object.assign(new Error(`${code}: raw text`), { code, path });

describe('UserError', () => {
  it('carries a code, a hint and an exit code', () => {
    const cause = new Error('inner');
    const error = new UserError('TSLM_X', 'what', { hint: 'do', cause });
    expect(error).toMatchObject({ name: 'UserError', code: 'TSLM_X', message: 'what', hint: 'do', exitCode: 1, cause });
    expect(new UserError('TSLM_X', 'what')).toMatchObject({ hint: undefined, exitCode: 1 });
    expect(usageError('TSLM_Y', 'what', 'do')).toMatchObject({ code: 'TSLM_Y', hint: 'do', exitCode: 2 });
  });
});

describe('explainFileError', () => {
  it.each([
    ['ENOENT', 'no such file or folder'],
    ['EACCES', 'permission denied'],
    ['ENOSPC', 'the disk is full'],
    ['EISDIR', 'is a folder, a file was expected'],
    ['ENOTDIR', 'a part of the path is a file, a folder was expected'],
    ['EROFS', 'the file system is read-only'],
  ])('puts %s into words', (code, what) => {
    const cause = errno(code, '/raw');
    expect(explainFileError(cause, '/a')).toMatchObject({ code: `TSLM_${code}`, message: `/a: ${what}`, cause });
    expect(explainFileError(cause)).toMatchObject({ message: `/raw: ${what}` });
    expect(explainFileError(errno(code))).toMatchObject({ message: what, hint: expect.stringMatching(/./) });
  });

  it('passes everything else through', () => {
    const others = [errno('EWEIRD'), new TypeError('x'), new UserError('TSLM_ENOENT', 'x'), 'text', undefined];
    for (const other of others) expect(explainFileError(other, '/a')).toBe(other);
  });
});

describe('messageOf and isErrno', () => {
  it('take anything that was thrown', () => {
    expect([messageOf(new Error('x')), messageOf('y'), messageOf(undefined)]).toEqual(['x', 'y', 'undefined']);
    expect([isErrno(errno('ENOENT'), 'ENOENT'), isErrno(errno('EIO'), 'ENOENT'), isErrno('ENOENT', 'ENOENT')]).toEqual([
      true,
      false,
      false,
    ]);
  });
});
