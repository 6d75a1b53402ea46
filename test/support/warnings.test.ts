import { expect, it } from 'vitest';
import { once, refuseWarning, warn, withWarnings } from '../../src/support/warnings.ts';

it('tells whoever asked for the work, and who passes it on, whoever asked for that', () => {
  const outer: string[] = [];
  const inner: string[] = [];
  withWarnings(
    message => outer.push(message),
    () => {
      warn('a');
      withWarnings(
        message => {
          inner.push(message);
          warn(`passed on: ${message}`);
        },
        () => warn('b'),
      );
      withWarnings(undefined, () => warn('c'));
    },
  );
  expect(inner).toEqual(['b']);
  expect(outer).toEqual(['a', 'passed on: b', 'c']);
});

it('goes on after an error as before it', () => {
  const said: string[] = [];
  withWarnings(
    message => said.push(message),
    () => {
      expect(() => withWarnings(refuseWarning, () => warn('a'))).toThrow(
        expect.objectContaining({ code: 'TSLM_STRICT' }),
      );
      warn('b');
    },
  );
  expect(said).toEqual(['b']);
});

it('says each message once', () => {
  const said: string[] = [];
  const say = once(message => said.push(message));
  for (const message of ['a', 'b', 'a']) say(message);
  expect(said).toEqual(['a', 'b']);
});
