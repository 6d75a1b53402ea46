/** The filter `tojson`: Python's `json.dumps`. */
import { typeError, valueError } from '../errors.ts';
import { sorted, truth } from '../python/compare.ts';
import { Dict } from '../python/dict.ts';
import { floatRepr } from '../python/float.ts';
import { toList } from '../python/iterate.ts';
import { intText, str } from '../python/repr.ts';
import { textArgument } from '../python/signature.ts';
import { isInt, isStr, Markup, Tuple, textOf, typeName, Undefined, type Value } from '../python/values.ts';
import { type Filter, filter } from './filter.ts';

export interface DumpOptions {
  /** Other alphabets as escapes. */
  ensureAscii: boolean;
  /** What a level is indented by; null for all on one line. */
  indent: string | null;
  separators: readonly [item: string, key: string];
  sortKeys: boolean;
}

const DEEPEST = 990;

const SHORT: Record<string, string> = {
  '"': '\\"',
  '\\': '\\\\',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
  '\f': '\\f',
  '\b': '\\b',
};

const escapedUnit = (unit: string): string => SHORT[unit] ?? `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`;

const quoted = (text: string, ensureAscii: boolean): string =>
  `"${text.replace(ensureAscii ? /["\\]|[^ -~]/g : /["\\\0-\x1f]/g, escapedUnit)}"`;

export function dumps(value: Value, options: DumpOptions, level = 0): string {
  if (level > DEEPEST) throw valueError('maximum recursion depth exceeded while encoding a JSON object');
  if (isStr(value)) return quoted(textOf(value), options.ensureAscii);
  if (value === null) return 'null';
  if (typeof value === 'boolean') return String(value);
  if (typeof value === 'bigint') return intText(value);
  if (typeof value === 'number') return floatText(value);
  if (Array.isArray(value))
    return bracketed(
      '[',
      value.map(item => dumps(item, options, level + 1)),
      ']',
      options,
      level,
    );
  if (value instanceof Tuple) return dumps([...value.items], options, level);
  if (value instanceof Undefined && value.isStrict) throw value.reason();
  if (!(value instanceof Dict)) throw typeError(`Object of type ${typeName(value)} is not JSON serializable`);
  const keys = [...value.keys()];
  const parts = (options.sortKeys ? sorted(keys, key => key) : keys).map(
    key =>
      quoted(keyText(key), options.ensureAscii) + options.separators[1] + dumps(value.get(key)!, options, level + 1),
  );
  return bracketed('{', parts, '}', options, level);
}

const floatText = (value: number): string => {
  if (Number.isFinite(value)) return floatRepr(value);
  return Number.isNaN(value) ? 'NaN' : value > 0 ? 'Infinity' : '-Infinity';
};

function keyText(key: Value): string {
  if (isStr(key)) return textOf(key);
  if (key === null) return 'null';
  if (typeof key === 'boolean') return String(key);
  if (typeof key === 'number') return floatText(key);
  if (typeof key === 'bigint') return intText(key);
  throw typeError(`keys must be str, int, float, bool or None, not ${typeName(key)}`);
}

function bracketed(
  open: string,
  parts: string[],
  close: string,
  { indent, separators }: DumpOptions,
  level: number,
): string {
  if (parts.length === 0) return open + close;
  if (indent === null) return open + parts.join(separators[0]) + close;
  const line = `\n${indent.repeat(level)}`;
  return open + line + indent + parts.join(separators[0] + line + indent) + line + close;
}

function indentOf(value: Value): string | null {
  if (value === null) return null;
  return isInt(value) ? ' '.repeat(Math.max(Number(value), 0)) : textArgument(value);
}

function separatorsOf(value: Value, indent: string | null): [string, string] {
  if (value === null) return [indent === null ? ', ' : ',', ': '];
  const [item, key, ...more] = toList(value).map(textArgument);
  if (key === undefined || more.length > 0) throw valueError('separators must be two texts');
  return [item, key];
}

/** As Transformers sets it up for chat templates. */
export const plainJson: Filter = filter(
  'tojson',
  'x ensure_ascii? indent? separators? sort_keys?',
  (_, value, ensureAscii = false, indentation = null, separators = null, sortKeys = false) => {
    const indent = indentOf(indentation);
    return dumps(value, {
      ensureAscii: truth(ensureAscii),
      indent,
      separators: separatorsOf(separators, indent),
      sortKeys: truth(sortKeys),
    });
  },
);

const UNSAFE: Record<string, string> = { '<': '\\u003c', '>': '\\u003e', '&': '\\u0026', "'": '\\u0027' };

/** As Jinja has it: safe inside of HTML. */
export const htmlJson: Filter = filter('tojson', 'value indent?', (_, value, indentation = null) => {
  const indent = indentOf(indentation);
  const json = dumps(value, { ensureAscii: true, indent, separators: separatorsOf(null, indent), sortKeys: true });
  return new Markup(str(json).replace(/[<>&']/g, char => UNSAFE[char]));
});
