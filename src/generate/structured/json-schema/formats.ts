/** The formats of strings that are known, as regular expressions: RFC 3339, 4122, 5321, 1123, 2673, 4291, 3986. */
import type { Expression } from '../automata/expression.ts';
import { memo } from '../memo.ts';
import { wholeMatch } from '../regex/anchors.ts';
import { parsePattern } from '../regex/parse.ts';

const DATE = [
  '\\d{4}-(?:(?:0[13578]|1[02])-(?:0[1-9]|[12]\\d|3[01])|(?:0[469]|11)-(?:0[1-9]|[12]\\d|30)|02-(?:0[1-9]|1\\d|2[0-8]))',
  // The 29th of February: years that 4 divides and 100 does not, or 400 does.
  '(?:\\d\\d(?:0[48]|[2468][048]|[13579][26])|(?:[02468][048]|[13579][26])00)-02-29',
].join('|');
const HOUR = '(?:[01]\\d|2[0-3])';
const TIME = `${HOUR}:[0-5]\\d:[0-5]\\d(?:\\.\\d{1,9})?(?:Z|[+-]${HOUR}:[0-5]\\d)`;
const COUNT = '\\d{1,9}';
const HOURS = `(?:${COUNT}H(?:${COUNT}M)?(?:${COUNT}S)?|${COUNT}M(?:${COUNT}S)?|${COUNT}S)`;
const DAYS = `(?:${COUNT}Y(?:${COUNT}M)?(?:${COUNT}D)?|${COUNT}M(?:${COUNT}D)?|${COUNT}D)`;
// Written so that one way of reading is the only one: hyphens stand between letters, and counts are of these.
const LABEL = '[A-Za-z0-9]+(?:-+[A-Za-z0-9]+)*';
const SHORT_LABEL = '(?:xn--)?[A-Za-z0-9](?:-?[A-Za-z0-9]){0,28}';
const OCTET = '(?:25[0-5]|2[0-4]\\d|1\\d\\d|[1-9]?\\d)';
const IPV4 = `${OCTET}(?:\\.${OCTET}){3}`;
const GROUP = '[0-9A-Fa-f]{1,4}';
const LOCAL = "[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+";
const PCHAR = "(?:[A-Za-z0-9\\-._~!$&'()*+,;=:@]|%[0-9A-Fa-f]{2})";
const HOST = "(?:[A-Za-z0-9\\-._~!$&'()*+,;=]|%[0-9A-Fa-f]{2})+";
const SCHEME = '[A-Za-z][A-Za-z0-9+.\\-]*:';
const QUERY = `(?:\\?(?:${PCHAR}|[/?])*)?(?:#(?:${PCHAR}|[/?])*)?`;

/** `::` stands for the groups that are left out, two at least. */
const IPV6 = [
  `(?:${GROUP}:){7}${GROUP}`,
  ...Array.from({ length: 7 }, (_, before) => {
    const first = before === 0 ? '' : `${GROUP}(?::${GROUP}){${before - 1}}`;
    const after = 6 - before;
    return `${first}::${after === 0 ? '' : `(?:${GROUP}(?::${GROUP}){0,${after - 1}})?`}`;
  }),
].join('|');

const PATTERNS: Record<string, string> = {
  date: DATE,
  time: TIME,
  'date-time': `(?:${DATE})T${TIME}`,
  duration: `P(?:${COUNT}W|${DAYS}(?:T${HOURS})?|T${HOURS})`,
  uuid: '[0-9A-Fa-f]{8}-(?:[0-9A-Fa-f]{4}-){3}[0-9A-Fa-f]{12}',
  email: `${LOCAL}(?:\\.${LOCAL})*@(?:${LABEL}\\.)+${LABEL}`,
  hostname: `${SHORT_LABEL}(?:\\.${SHORT_LABEL}){0,3}`,
  ipv4: IPV4,
  ipv6: IPV6,
  uri: `${SCHEME}(?://${HOST}(?::\\d{1,5})?(?:/${PCHAR}*)*|${PCHAR}+(?:/${PCHAR}*)*)${QUERY}`,
};

export const FORMATS: readonly string[] = Object.keys(PATTERNS);
const expressions = new Map<string, Expression>();

/** The texts of a format, as an expression over characters. */
export const formatExpression = (format: string): Expression =>
  memo(expressions, format, () => wholeMatch(parsePattern(PATTERNS[format])));
