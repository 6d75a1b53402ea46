/** The filter `pprint`: Python's `pprint.pformat`, 80 columns wide, keys in order. */
import { sorted } from '../python/compare.ts';
import { Dict } from '../python/dict.ts';
import { repr } from '../python/repr.ts';
import { length, splitLines } from '../python/text.ts';
import { Markup, Tuple, typeName, type Value } from '../python/values.ts';
import { type Filter, filter } from './filter.ts';

const WIDTH = 80;

/** Keys that have no order among them go by the names of their types. */
function entriesOf(dict: Dict): [Value, Value][] {
  const keys = [...dict.keys()];
  let ordered: Value[];
  try {
    ordered = sorted(keys, key => key);
  } catch {
    ordered = sorted(keys, key => `<class '${typeName(key)}'>`);
  }
  return ordered.map(key => [key, dict.get(key)!]);
}

function sortedRepr(value: Value): string {
  if (Array.isArray(value)) return `[${value.map(sortedRepr).join(', ')}]`;
  if (value instanceof Tuple)
    return `(${value.items.map(sortedRepr).join(', ')}${value.items.length === 1 ? ',' : ''})`;
  if (!(value instanceof Dict)) return repr(value);
  return `{${entriesOf(value)
    .map(([key, item]) => `${sortedRepr(key)}: ${sortedRepr(item)}`)
    .join(', ')}}`;
}

/**
 * @param indent the column at which the value begins
 * @param allowance how many characters follow on its last line
 */
function format(value: Value, indent: number, allowance: number, level: number): string {
  const text = sortedRepr(value);
  if (length(text) <= WIDTH - indent - allowance) return text;
  if (value instanceof Dict && value.size > 0) return `{${formatEntries(value, indent + 1, allowance + 1, level)}}`;
  if (Array.isArray(value)) return `[${formatItems(value, indent + 1, allowance + 1, level)}]`;
  if (value instanceof Tuple) {
    const end = value.items.length === 1 ? ',)' : ')';
    return `(${formatItems(value.items, indent + 1, allowance + end.length, level)}${end}`;
  }
  return typeof value === 'string' ? formatText(value, indent, allowance, level) : text;
}

const formatItems = (values: readonly Value[], indent: number, allowance: number, level: number): string =>
  values
    .map((item, i) => format(item, indent, i === values.length - 1 ? allowance : 1, level + 1))
    .join(`,\n${' '.repeat(indent)}`);

function formatEntries(dict: Dict, indent: number, allowance: number, level: number): string {
  const entries = entriesOf(dict);
  const lines = entries.map(([key, item], i) => {
    const name = sortedRepr(key);
    const room = i === entries.length - 1 ? allowance : 1;
    return `${name}: ${format(item, indent + length(name) + 2, room, level + 1)}`;
  });
  return lines.join(`,\n${' '.repeat(indent)}`);
}

/** Long texts in pieces that Python puts together again. */
function formatText(text: string, column: number, follows: number, level: number): string {
  const indent = level === 0 ? column + 1 : column;
  const allowance = level === 0 ? follows + 1 : follows;
  const lines = splitLines(text, true);
  const chunks: string[] = [];
  for (const [i, line] of lines.entries()) {
    const isLast = i === lines.length - 1;
    const room = WIDTH - indent - (isLast ? allowance : 0);
    if (length(repr(line)) <= room) chunks.push(repr(line));
    else chunks.push(...pieces(line, WIDTH - indent, isLast ? allowance : 0));
  }
  if (chunks.length === 1) return repr(text);
  const joined = chunks.join(`\n${' '.repeat(indent)}`);
  return level === 0 ? `(${joined})` : joined;
}

function pieces(line: string, width: number, allowance: number): string[] {
  const parts = line.match(/\S+\s*|\s+/g) ?? [];
  const chunks: string[] = [];
  let current = '';
  for (const [j, part] of parts.entries()) {
    const room = j === parts.length - 1 ? width - allowance : width;
    if (length(repr(current + part)) > room) {
      if (current) chunks.push(repr(current));
      current = part;
    } else {
      current += part;
    }
  }
  if (current) chunks.push(repr(current));
  return chunks;
}

export const pprint: Filter = filter('pprint', 'value', (_, value) => {
  if (value instanceof Markup) return repr(value);
  return format(value, 0, 0, 0);
});
