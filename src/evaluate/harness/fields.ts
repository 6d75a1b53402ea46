/** What a task makes of a document: its text, target and choices, as names of columns, templates or fixed values. */
import { messageOf, UserError, usageError } from '../../support/errors.ts';
import type { TaskTwins } from './bind-twins.ts';
import type { Doc } from './datasets.ts';
import { literalEval } from './python-literals.ts';
import type { TaskConfig } from './task-config.ts';
import { render } from './templates.ts';

export interface FieldContext {
  config: TaskConfig;
  /** In place of Python functions. */
  twins?: TaskTwins;
  /** Columns of the documents that are evaluated. */
  columns: ReadonlySet<string>;
}

/** Which document it is, for errors. */
export type Where = string;

/** A column's value, a rendered template, or a number that is there already. */
function givenBy({ columns }: FieldContext, field: string | number, doc: Doc, where: Where): unknown {
  if (typeof field === 'number') return field;
  return columns.has(field) ? doc[field] : render(field, doc, where);
}

/** The text that is asked with; a number where the choices are the contexts. */
export function textOf(
  context: FieldContext,
  doc: Doc,
  where: Where,
  field = context.config.doc_to_text,
): string | number {
  const twin = field === undefined ? context.twins?.fields.doc_to_text : undefined;
  if (twin)
    return asText(
      naming(`${where}: doc_to_text`, () => twin(doc)),
      where,
    );
  if (field === undefined) throw missing(where, 'doc_to_text');
  const value = givenBy(context, field, doc, `${where}: doc_to_text`);
  const isRendered = typeof field === 'string' && !context.columns.has(field);
  if (isRendered && isDigits(value) && hasChoices(context)) return Number(value);
  return asText(value, where);
}

function asText(value: unknown, where: Where): string | number {
  if (typeof value === 'string' || typeof value === 'number') return value;
  throw usageError(
    'TSLM_NOT_TEXT',
    `${where}: doc_to_text gives ${describe(value)}, and a text is needed`,
    'use a template that prints it',
  );
}

/** A text, a number of a choice, or a list of either of which any counts. */
export function targetOf(
  context: FieldContext,
  doc: Doc,
  where: Where,
  field: TaskConfig['doc_to_target'] = context.config.doc_to_target,
): unknown {
  const twin = field === undefined ? context.twins?.fields.doc_to_target : undefined;
  if (twin) return naming(`${where}: doc_to_target`, () => twin(doc));
  if (field === undefined) throw missing(where, 'doc_to_target');
  if (Array.isArray(field)) return field;
  const value = givenBy(context, field, doc, `${where}: doc_to_target`);
  if (typeof field === 'number' || context.columns.has(field) || typeof value !== 'string') return value;
  if (isDigits(value) && hasChoices(context)) return Number(value);
  if (value.length < 2 || !value.startsWith('[') || !value.endsWith(']')) return value;
  try {
    return literalEval(value);
  } catch {
    return value;
  }
}

/** @throws UserError when they are not a list of texts */
export function choicesOf(
  context: FieldContext,
  doc: Doc,
  where: Where,
  field: TaskConfig['doc_to_choice'] = context.config.doc_to_choice,
): string[] {
  const twin = field === undefined ? context.twins?.fields.doc_to_choice : undefined;
  if (field === undefined && !twin) throw missing(where, 'doc_to_choice');
  const value = twin
    ? naming(`${where}: doc_to_choice`, () => twin(doc))
    : typeof field !== 'string'
      ? Object.values(field!)
      : context.columns.has(field)
        ? doc[field]
        : literalEval(render(field, doc, `${where}: doc_to_choice`));
  if (Array.isArray(value) && value.every(choice => typeof choice === 'string')) return value as string[];
  throw usageError(
    'TSLM_NOT_CHOICES',
    `${where}: doc_to_choice gives ${describe(value)}, and a list of texts is needed`,
    "print one: {{ ['yes', 'no'] }}",
  );
}

/** Whether a task has choices, as a field or by a twin. */
export const hasChoices = ({ config, twins }: FieldContext): boolean =>
  config.doc_to_choice !== undefined || twins?.fields.doc_to_choice !== undefined;

/** @throws UserError that says where a twin failed */
export function naming<T>(where: Where, run: () => T): T {
  try {
    return run();
  } catch (error) {
    throw new UserError('TSLM_TEMPLATE', `${where}: ${messageOf(error)}`, {
      hint: "the data needs the columns that the task's Python functions read",
    });
  }
}

/** A field that may be left out: of the document's own columns, or a template. */
export function optionalField(doc: Doc, field: string | null | undefined, where: Where): string | undefined {
  if (!field) return undefined;
  return Object.hasOwn(doc, field) ? String(doc[field]) : render(field, doc, where);
}

const isDigits = (value: unknown): value is string => typeof value === 'string' && /^\d+$/.test(value);

const describe = (value: unknown): string =>
  value === null || value === undefined ? 'nothing' : Array.isArray(value) ? 'a list' : `a ${typeof value}`;

const missing = (where: Where, field: string): Error =>
  usageError('TSLM_MISSING_KEY', `${where}: '${field}' is missing`, 'the task file has to say it');
