/** The text of a record: one of its fields, named by a path, or several put together by a template. */
import { UserError, usageError } from '../../support/errors.ts';
import { nearest } from '../../support/nearest.ts';

export interface FieldOptions {
  /** The field of the text, such as `text`, `meta.text` or `messages`. */
  column: string;
  /** Fields between braces, with text around them: `{title}\n{body}`. It takes the place of `column`. */
  template?: string;
}

/** Names of fields that are listed in messages. */
const LISTED = 20;
const LONGEST_NAME = 40;
/** How far names are looked for in fields of fields. */
const DEPTH = 3;

export type FieldText = { text: string; missing?: undefined } | { text?: undefined; missing?: string; problem: string };

/** How the text of records is put together. */
export interface FieldReader {
  /** The fields that are read. */
  readonly paths: readonly string[];
  /** Fields that are read where there are such. */
  readonly optional?: readonly string[];
  read(record: object): FieldText;
}

/** The columns of a table that a reader asks for. */
export const wantedColumns = (names: readonly string[], { paths, optional = [] }: FieldReader): string[] =>
  names.filter(name => [...paths, ...optional].some(path => path === name || path.startsWith(`${name}.`)));

/** @throws UserError for a template without fields */
export function createFieldReader({ column, template }: FieldOptions): FieldReader {
  if (template === undefined) return { paths: [column], read: record => textAt(record, column) };
  const parts = partsOf(template);
  const paths = parts.filter((_, i) => i % 2 === 1);
  return {
    paths,
    read(record) {
      let text = '';
      for (const [i, part] of parts.entries()) {
        if (i % 2 === 0) {
          text += part;
          continue;
        }
        const found = textAt(record, part);
        if (found.text === undefined) return found;
        text += found.text;
      }
      return { text };
    },
  };
}

/** Text and names of fields in turns. `\n` and `\t` may be typed as such; `{{` is a brace. */
function partsOf(template: string): string[] {
  const parts = [''];
  for (const [piece] of template.matchAll(/\{\{|\}\}|\{[^{}]+\}|\\[nt\\]|[\s\S]/g)) {
    if (piece.length > 2 && piece[0] === '{') parts.push(piece.slice(1, -1).trim(), '');
    else parts[parts.length - 1] += { '{{': '{', '}}': '}', '\\n': '\n', '\\t': '\t', '\\\\': '\\' }[piece] ?? piece;
  }
  if (parts.length > 1) return parts;
  throw usageError(
    'TSLM_BAD_VALUE',
    `template '${template}' names no field`,
    "for example --template '{title}\\n{text}'",
  );
}

function textAt(record: object, path: string): FieldText {
  const cell = cellAt(record, path);
  if (cell === MISSING) return { missing: path, problem: `no column '${path}'` };
  const text = textOf(cell);
  return text === undefined ? { problem: `column '${path}' is neither a text nor a list of texts` } : { text };
}

/** There is no such field. */
export const MISSING: unique symbol = Symbol('missing');

/** A name that has dots in it goes before a path; in lists, a path leads into each element. */
export function cellAt(value: unknown, path: string): unknown {
  if (Array.isArray(value)) {
    const cells = value.map(element => cellAt(element, path)).filter(cell => cell !== MISSING);
    return cells.length === 0 && value.length > 0 ? MISSING : cells;
  }
  if (typeof value !== 'object' || value === null) return MISSING;
  const record = value as Record<string, unknown>;
  if (Object.hasOwn(record, path)) return record[path];
  for (let dot = path.indexOf('.'); dot > 0; dot = path.indexOf('.', dot + 1)) {
    if (!Object.hasOwn(record, path.slice(0, dot))) continue;
    const inner = record[path.slice(0, dot)];
    // A record without the outer field is whole; the text in it is empty.
    if (inner === null || inner === undefined) return null;
    return cellAt(inner, path.slice(dot + 1));
  }
  return MISSING;
}

/**
 * The text of a cell: a string, a list of strings as its lines, the turns of a conversation with blank lines between
 * them, numbers as written, nothing as the empty text. Undefined for what is no text.
 */
export function textOf(cell: unknown): string | undefined {
  if (typeof cell === 'string') return cell;
  if (cell === null || cell === undefined) return '';
  if (typeof cell === 'number' || typeof cell === 'bigint' || typeof cell === 'boolean') return String(cell);
  if (!Array.isArray(cell)) return undefined;
  const turns = cell.map(turnOf);
  if (cell.length > 0 && !turns.includes(undefined)) return turns.join('\n\n');
  const lines = cell.map(textOf);
  return lines.includes(undefined) ? undefined : lines.join('\n');
}

/** What a message says, in the forms of OpenAI (`content`, perhaps in parts) and ShareGPT (`value`). */
function turnOf(message: unknown): string | undefined {
  if (typeof message !== 'object' || message === null) return undefined;
  const { content, value, text } = message as Record<string, unknown>;
  const said = content ?? value ?? text;
  if (typeof said === 'string') return said;
  if (!Array.isArray(said)) return undefined;
  const parts = said.map(turnOf);
  return parts.includes(undefined) ? undefined : parts.join('');
}

/**
 * The error for a record that lacks a field that is asked for: it names the fields there are, and the nearest.
 *
 * @param otherwise the hint where no name is near
 */
export function noColumn(
  column: string,
  record: object,
  path: string,
  otherwise = 'name the column of the text with --column, or put several together with --template',
): UserError {
  const names = namesOf(record);
  const guess = names.find(name => name.endsWith(`.${column}`)) ?? nearest(column, names);
  const hint = guess === undefined ? otherwise : `did you mean --column ${guess}?`;
  const shown = Object.keys(record).map(name =>
    name.length > LONGEST_NAME ? `${name.slice(0, LONGEST_NAME)}…` : name,
  );
  const listed = shown.length > LISTED ? `${shown.slice(0, LISTED).join(', ')}, …` : shown.join(', ');
  const message = `${path}: no column '${column}'; there are: ${listed}`;
  return new UserError('TSLM_NO_COLUMN', message, { hint, exitCode: 2 });
}

function namesOf(value: unknown, depth = DEPTH): string[] {
  const inner = Array.isArray(value) ? value[0] : value;
  if (depth === 0 || typeof inner !== 'object' || inner === null) return [];
  return Object.entries(inner).flatMap(([name, field]) => [
    name,
    ...namesOf(field, depth - 1).map(below => `${name}.${below}`),
  ]);
}
