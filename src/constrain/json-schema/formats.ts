/**
 * The formats of strings that are known, as regular expressions: RFC 3339, 4122, 5321, 6531, 1123, 4291, 3986, 3987, 6901,
 * 6570.
 */
import { dfaOf, subtract } from '../automata/dfa.ts';
import type { Expression } from '../automata/expression.ts';
import { memo } from '../memo.ts';
import { wholeMatch } from '../regex/anchors.ts';
import { parsePattern } from '../regex/parse.ts';
import { uriPatterns } from './uri-formats.ts';

const DATE = [
  '\\d{4}-(?:(?:0[13578]|1[02])-(?:0[1-9]|[12]\\d|3[01])|(?:0[469]|11)-(?:0[1-9]|[12]\\d|30)|02-(?:0[1-9]|1\\d|2[0-8]))',
  // The 29th of February: years that 4 divides and 100 does not, or 400 does.
  '(?:\\d\\d(?:0[48]|[2468][048]|[13579][26])|(?:[02468][048]|[13579][26])00)-02-29',
].join('|');
const HOUR = '(?:[01]\\d|2[0-3])';
const FRACTION = '(?:\\.\\d+)?';
const TIME = `(?:${HOUR}:[0-5]\\d:[0-5]\\d${FRACTION}(?:[Zz]|[+-]${HOUR}:[0-5]\\d)|${leapSeconds()})`;

/** The second after 23:59:59 in Greenwich, as clocks show it that are whole quarters of an hour apart from there. */
function leapSeconds(): string {
  const two = (n: number): string => String(n).padStart(2, '0');
  const shown = (minutes: number): string => `${two(Math.floor(minutes / 60))}:${two(minutes % 60)}`;
  const day = 24 * 60;
  const local = Array.from({ length: day / 15 }, (_, quarter) => {
    const ahead = quarter * 15;
    const clock = (day - 1 + ahead) % day;
    const behind = ahead === 0 ? 0 : day - ahead;
    return `${shown(clock)}:60${FRACTION}(?:${ahead === 0 ? '[Zz]|' : ''}\\+${shown(ahead)}|-${shown(behind)})`;
  });
  return local.join('|');
}

const COUNT = '\\d+';
// A unit may be left out at either end, and not between two.
const DAYS = `(?:${COUNT}Y(?:${COUNT}M(?:${COUNT}D)?)?|${COUNT}M(?:${COUNT}D)?|${COUNT}D)`;
const HOURS = `(?:${COUNT}H(?:${COUNT}M(?:${COUNT}S)?)?|${COUNT}M(?:${COUNT}S)?|${COUNT}S)`;

// Written so that one way of reading is the only one: hyphens stand between letters.
const LABEL = '[A-Za-z0-9]+(?:-+[A-Za-z0-9]+)*';
const SHORT_LABEL = '[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?';
const OCTET = '(?:25[0-5]|2[0-4]\\d|1\\d\\d|[1-9]?\\d)';
const IPV4 = `${OCTET}(?:\\.${OCTET}){3}`;
const GROUP = '[0-9A-Fa-f]{1,4}';

/** `::` stands for the groups that are left out, one at least; an IPv4 address may stand for the last two. */
const IPV6 = [
  `(?:${GROUP}:){7}${GROUP}`,
  `(?:${GROUP}:){6}${IPV4}`,
  ...Array.from({ length: 8 }, (_, before) => {
    const first = before === 0 ? '' : `${GROUP}(?::${GROUP}){${before - 1}}`;
    const after = 7 - before;
    const groups = after === 0 ? '' : `${GROUP}(?::${GROUP}){0,${after - 1}}`;
    const mixed = after < 2 ? '' : `(?:${GROUP}:){0,${after - 2}}${IPV4}`;
    return `${first}::(?:${[groups, mixed].filter(text => text !== '').join('|')})?`;
  }),
]
  .map(text => text.replace('(?:)?', ''))
  .join('|');

const ATOM = "[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+";
const QUOTED = '"(?:[ !#-\\[\\]-~]|\\\\[ -~])*"';
const ADDRESS = `\\[(?:${IPV4}|IPv6:(?:${IPV6}))\\]`;
const WIDE = '\\u0080-\\u{10ffff}';
const WIDE_ATOM = `[A-Za-z0-9!#$%&'*+/=?^_\`{|}~${WIDE}-]+`;
const WIDE_QUOTED = `"(?:[ !#-\\[\\]-~${WIDE}]|\\\\[ -~])*"`;
const WIDE_LABEL = `[A-Za-z0-9${WIDE}]+(?:-+[A-Za-z0-9${WIDE}]+)*`;

const POINTER = '(?:/(?:[^~/]|~[01])*)*';

const VARIABLE = '(?:[A-Za-z0-9_]|%[0-9A-Fa-f]{2})(?:\\.?(?:[A-Za-z0-9_]|%[0-9A-Fa-f]{2}))*(?::[1-9]\\d{0,3}|\\*)?';

/**
 * Regular expressions with groups in groups, three deep; classes without ranges that could be upside down. A name is given
 * once, and is referred to where it is a single letter and what is beside it is plain.
 */
const REGEX = (() => {
  const escaped = '\\\\(?:[dDwWsStnrvf]|c[A-Za-z]|[\\^$\\\\.*+?()\\[\\]{}|/])';
  const members = '(?:[^\\]\\[\\\\^-]|\\\\[dDwWsStnrvf]|\\\\c[A-Za-z]|\\\\[\\^$\\\\.*+?()\\[\\]{}|/-]|a-z|A-Z|0-9)';
  const single = `(?:[^\\^$\\\\.*+?()\\[\\]{}|]|\\.|${escaped}|\\[\\^?${members}*\\])`;
  const count = '(?:[*+?]\\??|\\{\\d\\}|\\{\\d,\\})?';
  const flat = `(?:[\\^$|]|${single}${count})*`;
  let terms = flat;
  for (let depth = 0; depth < 3; depth++) {
    // What looks around is counted by nothing.
    terms = `(?:[\\^$|]|(?:${single}|\\((?:\\?:)?${terms}\\))${count}|\\(\\?<?[=!]${terms}\\))*`;
  }
  const name = '[A-Za-z_$][A-Za-z0-9_$]*';
  const plain = '[A-Za-z0-9 _:,;-]*';
  const referred = Array.from({ length: 26 }, (_, i) => String.fromCharCode(0x61 + i)).map(
    letter => `${letter}>${plain}\\)${plain}(?:\\\\k<${letter}>${plain})*`,
  );
  return `${terms}|\\^?${plain}\\(\\?<(?:${name}>${flat}\\)${count}${flat}|(?:${referred.join('|')})\\$?)`;
})();

const PATTERNS: Record<string, string> = {
  date: DATE,
  time: TIME,
  'date-time': `(?:${DATE})[Tt]${TIME}`,
  duration: `P(?:${COUNT}W|${DAYS}(?:T${HOURS})?|T${HOURS})`,
  uuid: '[0-9A-Fa-f]{8}-(?:[0-9A-Fa-f]{4}-){3}[0-9A-Fa-f]{12}',
  email: `(?:${ATOM}(?:\\.${ATOM})*|${QUOTED})@(?:${LABEL}(?:\\.${LABEL})*|${ADDRESS})`,
  'idn-email': `(?:${WIDE_ATOM}(?:\\.${WIDE_ATOM})*|${WIDE_QUOTED})@(?:${WIDE_LABEL}(?:\\.${WIDE_LABEL})*|${ADDRESS})`,
  hostname: `${SHORT_LABEL}(?:\\.${SHORT_LABEL})*`,
  ipv4: IPV4,
  ipv6: IPV6,
  ...uriPatterns(IPV4, IPV6),
  'json-pointer': POINTER,
  'relative-json-pointer': `(?:0|[1-9]\\d*)(?:#|${POINTER})`,
  'uri-template': `(?:[^\\u0000-\\u0020"%<>\\\\^\`{|}\\u007f-\\u009f]|%[0-9A-Fa-f]{2}|\\{[+#./;?&=,!@|]?${VARIABLE}(?:,${VARIABLE})*\\})*`,
  regex: REGEX,
};

/** Texts of a format that are left out: labels of a host name which are international ones in disguise (RFC 3492). */
const EXCLUDED: Record<string, string> = { hostname: '(?:.*\\.)?[Xx][Nn]--.*' };

/** Most characters, where the format says so. */
export const LONGEST: Readonly<Record<string, number>> = { hostname: 253 };

/** Formats of the standard that are refused, with what to write instead. */
export const REFUSED_FORMATS: ReadonlyMap<string, string> = new Map([['idn-hostname', 'use hostname, or a pattern']]);

export const FORMATS: readonly string[] = Object.keys(PATTERNS);
const expressions = new Map<string, Expression>();

/** The texts of a format, as an expression over characters. */
export const formatExpression = (format: string): Expression =>
  memo(expressions, format, () => {
    const whole = wholeMatch(parsePattern(PATTERNS[format]));
    const excluded = EXCLUDED[format];
    if (excluded === undefined) return whole;
    return { kind: 'automaton', dfa: subtract(dfaOf(whole), dfaOf(wholeMatch(parsePattern(excluded)))) };
  });
