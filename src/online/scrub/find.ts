/** Where a text says who somebody is or how to reach or bill them. Numbers that have a check digit are found by it. */
import { isIP } from 'node:net';
import { type CountryCode, findPhoneNumbersInText } from 'libphonenumber-js/max';
import { chineseCompany, chineseIdentity, iban, luhn } from './checks.ts';

export interface Found {
  kind: string;
  start: number;
  end: number;
}

interface Pattern {
  kind: string;
  pattern: RegExp;
  /** Whether a match is one. Default: always. */
  check?(match: string): boolean;
}

const digitsOf = (text: string): string => text.replace(/\D/g, '');

/** What comes first wins where two overlap. */
const PATTERNS: readonly Pattern[] = [
  { kind: 'key', pattern: /-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?(?:-----END [A-Z ]*PRIVATE KEY-----|$)/g },
  {
    kind: 'key',
    pattern:
      /\b(?:sk|pk|rk)[-_](?:proj-|ant-|live_|test_|svcacct-)?[A-Za-z0-9_-]{16,}|\bgh[pousr]_[A-Za-z0-9]{30,}|\bgithub_pat_\w{30,}|\bglpat-[\w-]{20,}|\bhf_[A-Za-z0-9]{30,}|\bnpm_[A-Za-z0-9]{30,}|\bxox[abposr]-[\w-]{10,}|\b(?:AKIA|ASIA)[A-Z0-9]{16}\b|\bAIza[\w-]{35}|\bLTAI[A-Za-z0-9]{12,20}\b|\beyJ[\w-]{8,}\.eyJ[\w-]{8,}\.[\w-]+/g,
  },
  { kind: 'url', pattern: /\b(?:https?|ftps?|wss?):\/\/[^\s<>"'`，。！？、；）】》]+/gi },
  { kind: 'url', pattern: /\bwww\.[a-z0-9-]+(?:\.[a-z0-9-]+)+[^\s<>"'`，。！？、；）】》]*/gi },
  { kind: 'email', pattern: /[\p{L}\p{N}._%+-]+@[\p{L}\p{N}-]+(?:\.[\p{L}\p{N}-]+)*\.[\p{L}]{2,}/gu },
  {
    kind: 'iban',
    pattern: /\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,4})?\b/g,
    check: match => {
      const bare = match.replaceAll(' ', '');
      return bare.length >= 15 && bare.length <= 34 && iban(bare);
    },
  },
  { kind: 'identity', pattern: /(?<!\d)[1-8]\d{16}[\dXx](?![\dA-Za-z])/g, check: chineseIdentity },
  {
    kind: 'company',
    pattern: /(?<![0-9A-Za-z])[1-9A-HJ-NPQRTUWXY][0-9A-HJ-NPQRTUWXY]{17}(?![0-9A-Za-z])/g,
    check: chineseCompany,
  },
  {
    kind: 'card',
    pattern: /(?<![\d-])\d(?:[ -]?\d){12,18}(?![\d-])/g,
    check: match => /^[2-6]/.test(match) && luhn(digitsOf(match)),
  },
  { kind: 'phone', pattern: /(?<!\d)(?:(?:\+|00)?86[ -]?)?1[3-9]\d[ -]?\d{4}[ -]?\d{4}(?!\d)/g },
  {
    kind: 'plate',
    pattern:
      /[京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼使领][A-HJ-NP-Z][·•. ]?[A-HJ-NP-Z0-9]{4,5}[A-HJ-NP-Z0-9挂学警港澳](?![A-Za-z0-9])/g,
  },
  { kind: 'ip', pattern: /(?<![\d.])(?:\d{1,3}\.){3}\d{1,3}(?![\d.]*\d)/g, check: match => isIP(match) === 4 },
  {
    kind: 'ip',
    pattern: /(?<![\w:])[0-9a-f]{0,4}(?::[0-9a-f]{0,4}){2,7}(?![\w:])/gi,
    check: match => isIP(match) === 6,
  },
];

export const scrubKinds = [...new Set(PATTERNS.map(({ kind }) => kind))];

export interface FindOptions {
  /** Default all. */
  kinds?: readonly string[];
  /** Patterns of one's own, by what they are called. */
  patterns?: Readonly<Record<string, RegExp>>;
  /** Whose national numbers are telephone numbers, ISO 3166. Default US; numbers that begin with + are found anyway. */
  country?: string;
}

/** In the order of the text; none overlaps another. */
export function findPersonal(
  text: string,
  { kinds = scrubKinds, patterns = {}, country = 'US' }: FindOptions = {},
): Found[] {
  const found: Found[] = [];
  const isFree = (start: number, end: number): boolean => found.every(one => end <= one.start || start >= one.end);
  const own = Object.entries(patterns).map(([kind, pattern]): Pattern => ({ kind, pattern }));
  for (const { kind, pattern, check } of [...own, ...PATTERNS.filter(one => kinds.includes(one.kind))]) {
    for (const { 0: match, index: start } of text.matchAll(pattern)) {
      if (match === '') continue;
      const end = start + match.length;
      if (isFree(start, end) && (check?.(match) ?? true)) found.push({ kind, start, end });
    }
  }
  if (kinds.includes('phone') && /\d{3}/.test(text)) {
    const numbers = findPhoneNumbersInText(text, { defaultCountry: country as CountryCode });
    for (const { startsAt: start, endsAt: end } of numbers) {
      if (isFree(start, end)) found.push({ kind: 'phone', start, end });
    }
  }
  return found.sort((a, b) => a.start - b.start);
}
