/**
 * Rows of conversations, found by their columns: TRL's dataset types, Alpaca's columns (Taori et al. 2023) and ShareGPT's.
 * Of the shapes that a kind of rows may have, a record has the first whose columns are all there.
 */
import { isDeepStrictEqual } from 'node:util';
import type { ChatMessage } from '../../tokenizers/tokenizer.ts';
import { cellAt, MISSING } from '../readers/fields.ts';
import { messagesOf, saidOf, toolsOf } from './messages.ts';
import type { Said } from './rows.ts';

/** What a cell says; undefined where it does not say such a thing, null where there is nothing in it. */
type Cell = (cell: unknown) => unknown;

interface ShapeColumn {
  cell: Cell;
  /** What it must be, for errors. */
  wanted: string;
  optional?: boolean;
}

type Cells = Record<string, unknown>;

interface Shape {
  /** What a person calls it. */
  name: string;
  columns: Readonly<Record<string, ShapeColumn>>;
  /** The row, or what is wrong with it. */
  row(cells: Cells, record: object): Record<string, unknown> | string;
}

const optional = (column: ShapeColumn): ShapeColumn => ({ ...column, optional: true });
const text: ShapeColumn = {
  cell: cell => (typeof cell === 'string' ? (cell.trim() === '' ? null : cell) : cell == null ? null : undefined),
  wanted: 'no text',
};
const messages: ShapeColumn = { cell: messagesOf, wanted: 'no list of messages with a role and a content each' };
const said: ShapeColumn = { cell: saidOf, wanted: 'neither a text nor a list of messages' };
const tools = optional({ cell: toolsOf, wanted: 'no list of tools' });
const number = optional({
  cell: cell => (cell == null || cell === '' ? null : Number.isFinite(Number(cell)) ? Number(cell) : undefined),
  wanted: 'no number',
});
const flag: ShapeColumn = {
  cell(cell) {
    if (cell == null || cell === '') return null;
    const value = String(cell).toLowerCase();
    return ['true', '1', 'false', '0'].includes(value) ? value === 'true' || value === '1' : undefined;
  },
  wanted: 'neither true nor false',
};
const history = optional({
  cell: cell => (cell == null || cell === '' ? null : Array.isArray(cell) ? cell : undefined),
  wanted: 'no list of questions and answers',
});

const asked = (content: string): ChatMessage => ({ role: 'user', content });
const answered = (content: string): ChatMessage => ({ role: 'assistant', content });

/** An instruction, perhaps with an input below it and what was said before. */
function alpacaPrompt({ instruction, input, system, history: before }: Cells): ChatMessage[] {
  const turns = ((before ?? []) as [string, string][]).flatMap(([question, answer]) => [
    asked(question),
    answered(answer),
  ]);
  const content = input === undefined ? String(instruction) : `${instruction}\n\n${input}`;
  return [...(system === undefined ? [] : [{ role: 'system', content: String(system) }]), ...turns, asked(content)];
}
const alpaca = { instruction: text, input: optional(text), system: optional(text), history };

const withSystem = (list: readonly ChatMessage[], system: unknown): ChatMessage[] =>
  system === undefined || list[0].role === 'system'
    ? [...list]
    : [{ role: 'system', content: String(system) }, ...list];

/** Texts beside messages become messages. */
function alike(prompt: Said, ...answers: Said[]): { prompt: Said; answers: Said[] } {
  if ([prompt, ...answers].every(one => typeof one === 'string')) return { prompt, answers };
  return {
    prompt: typeof prompt === 'string' ? [asked(prompt)] : prompt,
    answers: answers.map(one => (typeof one === 'string' ? [answered(one)] : one)),
  };
}

/** What two answers have in common is their prompt. */
function commonPrompt(chosen: Said, rejected: Said): { prompt: Said; chosen: Said; rejected: Said } | string {
  if (typeof chosen !== typeof rejected) return 'one answer is a text and the other messages';
  let at = 0;
  while (at < Math.min(chosen.length, rejected.length) && isDeepStrictEqual(chosen[at], rejected[at])) at++;
  if (typeof chosen === 'string' && at > 0 && chosen[at - 1] === ' ') at--;
  if (at === 0) return 'the answers have no prompt in common';
  const [prompt, one, other] = [chosen.slice(0, at), chosen.slice(at), rejected.slice(at)];
  if (one.length === 0 || other.length === 0) return 'an answer is empty';
  return { prompt, chosen: one, rejected: other };
}

function preference(prompt: Said | undefined, chosen: Said, rejected: Said, rest: Cells): Cells | string {
  if (isDeepStrictEqual(chosen, rejected)) return 'the chosen and the rejected answer are equal';
  const repeats = typeof chosen !== 'string' && chosen[0].role !== 'assistant' && typeof prompt !== 'object';
  if (prompt === undefined || repeats) {
    const found = commonPrompt(chosen, rejected);
    return typeof found === 'string' ? found : { ...found, ...rest };
  }
  const { prompt: before, answers } = alike(prompt, chosen, rejected);
  return { prompt: before, chosen: answers[0], rejected: answers[1], ...rest };
}

const PREFERENCES: readonly Shape[] = [
  {
    name: 'preferences with a prompt',
    columns: { prompt: said, chosen: said, rejected: said, tools, margin: number },
    row: ({ prompt, chosen, rejected, ...rest }) => preference(prompt as Said, chosen as Said, rejected as Said, rest),
  },
  {
    name: "preferences over ShareGPT's conversations",
    columns: { conversations: messages, chosen: said, rejected: said, system: optional(text), tools, margin: number },
    row({ conversations, chosen, rejected, system, ...rest }) {
      return preference(withSystem(conversations as ChatMessage[], system), chosen as Said, rejected as Said, rest);
    },
  },
  {
    name: "preferences over Alpaca's instructions",
    columns: { ...alpaca, chosen: said, rejected: said },
    row: ({ chosen, rejected, ...cells }) => preference(alpacaPrompt(cells), chosen as Said, rejected as Said, {}),
  },
  {
    name: 'preferences whose prompt is what both answers begin with',
    columns: { chosen: said, rejected: said, tools, margin: number },
    row: ({ chosen, rejected, ...rest }) => preference(undefined, chosen as Said, rejected as Said, rest),
  },
];

const CHATS: readonly Shape[] = [
  {
    name: 'conversations',
    columns: { messages, tools },
    row: ({ messages: list, tools: schemas }) => ({ messages: list, ...(schemas ? { tools: schemas } : {}) }),
  },
  {
    name: "ShareGPT's conversations",
    columns: { conversations: messages, system: optional(text), tools },
    row: ({ conversations, system, tools: schemas }) => ({
      messages: withSystem(conversations as ChatMessage[], system),
      ...(schemas ? { tools: schemas } : {}),
    }),
  },
];
const COMPLETIONS: readonly Shape[] = [
  {
    name: 'prompts and completions',
    columns: { prompt: said, completion: said, tools },
    row({ prompt, completion, ...rest }) {
      const { prompt: before, answers } = alike(prompt as Said, completion as Said);
      return { prompt: before, completion: answers[0], ...rest };
    },
  },
  {
    name: "Alpaca's instructions",
    columns: { ...alpaca, output: text },
    row: ({ output, ...cells }) => ({ prompt: alpacaPrompt(cells), completion: [answered(String(output))] }),
  },
];
const TEXTS: readonly Shape[] = [{ name: 'texts', columns: { text }, row: cells => cells }];

const FEEDBACK: readonly Shape[] = [
  {
    name: 'answers that are good or not',
    columns: { prompt: said, completion: said, label: flag, tools },
    row({ prompt, completion, label, ...rest }) {
      const { prompt: before, answers } = alike(prompt as Said, completion as Said);
      return { prompt: before, completion: answers[0], label, ...rest };
    },
  },
];

const PROMPTS: readonly Shape[] = [
  {
    name: 'prompts',
    columns: { prompt: said, tools },
    row: (cells, record) => ({ ...cells, columns: record }),
  },
];

export const SHAPES = {
  chat: CHATS,
  completion: COMPLETIONS,
  instruction: [...CHATS, ...COMPLETIONS, ...TEXTS],
  preference: PREFERENCES,
  feedback: FEEDBACK,
  prompt: PROMPTS,
} as const satisfies Record<string, readonly Shape[]>;

/** Kinds of rows that come in several shapes: conversations, completions, preferences. */
export type ShapedKind = keyof typeof SHAPES;
export const isShapedKind = (kind: string): kind is ShapedKind => Object.hasOwn(SHAPES, kind);

/** All columns that rows of the kind may have. */
export const shapeColumns = (kind: ShapedKind): string[] => [
  ...new Set(SHAPES[kind].flatMap(({ columns }) => Object.keys(columns))),
];

const neededBy = ({ columns }: Shape): string[] => Object.keys(columns).filter(name => !columns[name].optional);

/** What must be there for each shape of a kind: `prompt + completion`. */
export const shapesOf = (kind: ShapedKind): string[] => SHAPES[kind].map(shape => neededBy(shape).join(' + '));

/**
 * Whether a record has the columns of one of the shapes.
 *
 * @param given what columns are called, where it is another name
 */
export const hasShape = (kind: ShapedKind, record: object, given: Readonly<Record<string, string>> = {}): boolean =>
  (SHAPES[kind] as readonly Shape[]).some(shape =>
    neededBy(shape).every(name => cellAt(record, given[name] ?? name) !== MISSING),
  );

export interface ShapeReader {
  /** The columns that may be there, as the files call them. */
  readonly optionalPaths: readonly string[];
  /** All columns are read. */
  readonly every: boolean;
  read(record: object): { row: Cells; shape: string } | { row?: undefined; problem: string };
}

/** @param columns what the files call the columns, where it is another name */
export function shapeReader(kind: ShapedKind, columns: Readonly<Record<string, string>>): ShapeReader {
  const pathOf = (name: string): string => columns[name] ?? name;
  const shapes: readonly Shape[] = SHAPES[kind];
  return {
    optionalPaths: shapeColumns(kind).map(pathOf),
    every: kind === 'prompt',
    read(record) {
      const shape = shapes.find(one => neededBy(one).every(name => cellAt(record, pathOf(name)) !== MISSING));
      if (!shape) return { problem: `its columns are ${Object.keys(record).join(', ')}, wanted ${wanted(shapes)}` };
      const cells: Cells = {};
      for (const [name, column] of Object.entries(shape.columns)) {
        const found = cellAt(record, pathOf(name));
        const value = found === MISSING ? null : column.cell(found);
        if (value === undefined) return { problem: `column '${pathOf(name)}' is ${column.wanted}` };
        if (value !== null) cells[name] = value;
        else if (!column.optional) return { problem: `column '${pathOf(name)}' is empty` };
      }
      const row = shape.row(cells, record);
      return typeof row === 'string' ? { problem: row } : { row, shape: shape.name };
    },
  };
}

/** `messages, or prompt and completion, or text` */
const wanted = (shapes: readonly Shape[]): string => shapes.map(shape => neededBy(shape).join(' and ')).join(', or ');
