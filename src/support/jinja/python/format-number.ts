/** Floats and ints in the forms that `format()` and `%` share: e, f, g, and digits in a base. */
import { exponentText, fixed, floatRepr, significant } from './float.ts';

export interface FloatForm {
  /** e, f or g; `r` is the shortest, `repr`'s. */
  kind: 'e' | 'f' | 'g' | 'r';
  /** Digits after the point (e, f), or significant ones (g). */
  precision: number;
  /** Keeps the point and trailing zeros. */
  isAlternate?: boolean;
  /** Like g, but never without a digit after the point. */
  keepsPoint?: boolean;
}

/** |value| without its sign. */
export function floatBody(value: number, form: FloatForm): string {
  if (!Number.isFinite(value)) return Number.isNaN(value) ? 'nan' : 'inf';
  const { kind, precision, isAlternate = false } = form;
  switch (kind) {
    case 'r':
      return floatRepr(Math.abs(value));
    case 'f':
      return fixed(value, precision) + (isAlternate && precision === 0 ? '.' : '');
    case 'e': {
      const { digits, exponent } = significant(value, precision + 1);
      return `${withPoint(digits, isAlternate)}e${exponentText(exponent)}`;
    }
    case 'g':
      return general(value, form);
  }
}

const withPoint = (digits: string, keepsPoint: boolean): string =>
  digits.length > 1 ? `${digits[0]}.${digits.slice(1)}` : digits + (keepsPoint ? '.' : '');

function general(value: number, { precision, isAlternate = false, keepsPoint = false }: FloatForm): string {
  const count = Math.max(precision, 1);
  const { digits, exponent } = significant(value, count);
  const kept = isAlternate ? digits : digits.replace(/0+$/, '') || '0';
  if (exponent < -4 || exponent >= count - (keepsPoint ? 1 : 0)) {
    return `${withPoint(kept, isAlternate)}e${exponentText(exponent)}`;
  }
  if (exponent < 0) return `0.${'0'.repeat(-exponent - 1)}${kept}`;
  const whole = kept.slice(0, exponent + 1).padEnd(exponent + 1, '0');
  const fraction = kept.slice(exponent + 1);
  if (fraction) return `${whole}.${fraction}`;
  return whole + (isAlternate ? '.' : keepsPoint ? '.0' : '');
}

const BASES: Record<string, [base: number, prefix: string]> = {
  b: [2, '0b'],
  o: [8, '0o'],
  x: [16, '0x'],
  X: [16, '0X'],
};

/** |value| in the base that a letter names, and the prefix that says so. */
export function intBody(value: bigint, kind: string): { digits: string; prefix: string } {
  const [base, prefix] = BASES[kind] ?? [10, ''];
  const digits = (value < 0n ? -value : value).toString(base);
  return { digits: kind === 'X' ? digits.toUpperCase() : digits, prefix };
}
