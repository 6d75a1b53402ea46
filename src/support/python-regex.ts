/**
 * Regular expressions as Python's `re` reads them, made JavaScript's: names of groups, flags in front, what `$`, `.`, `\w` and
 * their like mean.
 */
import { usageError } from './errors.ts';

/** `\s` of Python. */
const SPACE = '\\t-\\r\\x1c-\\x20\\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000';
const CLASSES: Record<string, string> = { d: '\\p{Nd}', w: '\\p{L}\\p{N}_', s: SPACE };

/**
 * @returns with the flags g and u
 * @throws UserError for what is malformed, or has no counterpart
 */
export function pythonRegex(pattern: string): RegExp {
  const [, flags, source] = /^(?:\(\?([aiLmsux]+)\))?([\s\S]*)$/u.exec(pattern)!;
  const unsupported = flags?.match(/[aLx]/)?.[0];
  if (unsupported) throw malformed(pattern, `the flag ${unsupported} is not supported`);
  try {
    return new RegExp(translate(source, flags ?? ''), flags?.includes('i') ? 'giu' : 'gu');
  } catch (error) {
    throw malformed(pattern, (error as Error).message.replace(/^Invalid regular expression: /, ''));
  }
}

function translate(source: string, flags: string): string {
  const characters = [...source];
  let out = '';
  let at = 0;
  while (at < characters.length) {
    const char = characters[at++];
    if (char === '\\') out += escaped(characters[at++] ?? '', false);
    else if (char === '.') out += flags.includes('s') ? '[^]' : '[^\\n]';
    else if (char === '$') out += flags.includes('m') ? '(?=\\n|(?![^]))' : '(?=\\n?(?![^]))';
    else if (char === '^') out += flags.includes('m') ? '(?<=\\n|(?<![^]))' : '(?<![^])';
    else if (char === '[') {
      const { text, end } = classFrom(characters, at);
      out += text;
      at = end;
    } else if (char === '{' && !/^\d*,?\d*\}/.test(characters.slice(at, at + 24).join(''))) out += '\\{';
    else if (char === '{' && /^,?\}/.test(characters.slice(at, at + 2).join(''))) out += '\\{';
    else if (char === '{' && characters[at] === ',') out += '{0';
    else if (char === '}' && !/\{\d*,?\d*$/.test(out)) out += '\\}';
    else if (char === ']') out += '\\]';
    else if (char === '(' && characters.slice(at, at + 3).join('') === '?P<') {
      out += '(?<';
      at += 3;
    } else if (char === '(' && characters.slice(at, at + 3).join('') === '?P=') {
      const end = characters.indexOf(')', at);
      out += `\\k<${characters.slice(at + 3, end).join('')}>`;
      at = end + 1;
    } else if (char === '/') out += '\\/';
    else out += char;
  }
  return out;
}

/** What follows a backslash. */
function escaped(char: string, inClass: boolean): string {
  if (char in CLASSES) return inClass ? CLASSES[char] : `[${CLASSES[char]}]`;
  const positive = CLASSES[char.toLowerCase()];
  if (positive !== undefined) {
    if (!inClass) return `[^${positive}]`;
    // A complement inside of a class is written by its own property where there is one.
    return char === 'D' ? '\\P{Nd}' : char === 'S' ? '\\S' : '\\W';
  }
  if (char === 'b' && inClass) return '\\x08';
  if (!inClass && char === 'b')
    return `(?:(?<=[${CLASSES.w}])(?![${CLASSES.w}])|(?<![${CLASSES.w}])(?=[${CLASSES.w}]))`;
  if (!inClass && char === 'B')
    return `(?:(?<=[${CLASSES.w}])(?=[${CLASSES.w}])|(?<![${CLASSES.w}])(?![${CLASSES.w}]))`;
  if (!inClass && char === 'A') return '(?<![^])';
  if (!inClass && char === 'Z') return '(?![^])';
  if (char === 'a') return '\\x07';
  if (/[0-9nrtfvxu]/.test(char)) return `\\${char}`;
  if (/[\^$\\.*+?()[\]{}|/]/.test(char) || (inClass && char === '-')) return `\\${char}`;
  return char;
}

/** From behind `[` to behind `]`; a `]` that stands first is one of its characters. */
function classFrom(characters: readonly string[], start: number): { text: string; end: number } {
  let at = start;
  let text = '[';
  if (characters[at] === '^') text += characters[at++];
  const first = at;
  for (; at < characters.length; at++) {
    const char = characters[at];
    if (char === ']' && at > first) return { text: `${text}]`, end: at + 1 };
    if (char === '\\') text += escaped(characters[++at] ?? '', true);
    else text += char === ']' || char === '[' ? `\\${char}` : char;
  }
  return { text, end: at };
}

/** `re.findall`: whole matches, the only group, or all groups of each; a group that took no part is empty. */
export function findAll(regex: RegExp, text: string): (string | string[])[] {
  return Array.from(text.matchAll(regex), ([whole, ...groups]) =>
    groups.length === 0 ? whole : groups.length === 1 ? (groups[0] ?? '') : groups.map(group => group ?? ''),
  );
}

/** `re.sub`: `\1`, `\g<1>` and `\g<name>` in the replacement stand for groups. */
export function substitute(regex: RegExp, replacement: string, text: string, count = 0): string {
  let done = 0;
  return text.replace(regex, (...found) => {
    if (count > 0 && done++ >= count) return found[0];
    const named = typeof found.at(-1) === 'object' ? (found.at(-1) as Record<string, string | undefined>) : {};
    return replacement.replace(/\\(?:g<([^>]*)>|(\d{1,2})|([\s\S]))/gu, (_, name, digits, other) => {
      const group = digits ?? name;
      if (group !== undefined) return (/^\d+$/.test(group) ? found[Number(group)] : named[group]) ?? '';
      return { n: '\n', t: '\t', r: '\r', '\\': '\\' }[other as string] ?? `\\${other}`;
    });
  });
}

const malformed = (pattern: string, what: string): Error =>
  usageError(
    'TSLM_BAD_REGEX',
    `the regular expression ${JSON.stringify(pattern)}: ${what}`,
    'see the documentation of Python’s re',
  );
