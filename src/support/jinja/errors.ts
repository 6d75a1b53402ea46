/** What goes wrong in a template, said in the words of Python's and Jinja's own errors. */
import { UserError } from '../errors.ts';

export class TemplateError extends UserError {
  /** Of the template, from 1; filled in as the error leaves the statement that raised it. */
  line: number | undefined;

  constructor(message: string, { line, cause }: { line?: number; cause?: unknown } = {}) {
    super('TSLM_TEMPLATE', message, { hint: 'correct the template, or what it is given', cause });
    this.name = 'UserError';
    this.line = line;
  }

  /** The message with where it happened. */
  get located(): string {
    return this.line === undefined ? this.message : `line ${this.line}: ${this.message}`;
  }
}

/** What `raise_exception` raises: the template's own words. */
export class TemplateRefusal extends TemplateError {}

export const typeError = (message: string): TemplateError => new TemplateError(message);
export const valueError = (message: string): TemplateError => new TemplateError(message);
