/** Reads values that JSON cannot say in JavaScript: `{"$float": "1.0"}`, `{"$int": "12345678901234567890"}`. */
import { Float } from '../../../src/support/jinja/python/from-js.ts';

export function decoded(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(decoded);
  if (typeof value !== 'object' || value === null) return value;
  if ('$float' in value) return new Float(Number(value.$float));
  if ('$int' in value) return BigInt(String(value.$int));
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, decoded(item)]));
}
