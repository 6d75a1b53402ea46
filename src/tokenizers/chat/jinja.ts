/**
 * Jinja as Transformers sets it up for chat templates: blocks take their line with them (`trim_blocks`, `lstrip_blocks`),
 * `tojson` leaves letters as they are, and templates may ask for the date and refuse a conversation.
 */
import { Environment, Interpreter, Template } from '@huggingface/jinja';
import { messageOf, UserError } from '../../support/errors.ts';
import { strftime } from './strftime.ts';

const GLOBALS: Record<string, unknown> = {
  true: true,
  True: true,
  false: false,
  False: false,
  none: null,
  None: null,
  range,
  strftime_now: (format: string) => strftime(new Date(), format),
  raise_exception: (message: unknown) => {
    throw new UserError('TSLM_CHAT_TEMPLATE', `the chat template refuses the messages: ${message}`, {
      hint: 'change the messages, or give another template',
    });
  },
};

/** The longest range that Jinja's sandbox allows. */
const LONGEST_RANGE = 100_000;

/** Python's `range`. */
function range(first: number, end?: number, step = 1): number[] {
  if (step === 0) throw new Error('range() goes by steps other than 0');
  const [start, stop] = end === undefined ? [0, first] : [first, end];
  const length = Math.max(0, Math.ceil((stop - start) / step));
  if (length > LONGEST_RANGE) throw new Error(`a range of ${length} numbers is too long`);
  return Array.from({ length }, (_, i) => start + i * step);
}

/** @throws UserError when the template is malformed, or refuses what it is given */
export function renderJinja(source: string, variables: Record<string, unknown>): string {
  try {
    const environment = new Environment();
    for (const [name, value] of Object.entries({ ...GLOBALS, ...variables })) environment.set(name, value);
    return String(new Interpreter(environment).run(parsed(source)).value);
  } catch (error) {
    if (error instanceof UserError) throw error;
    throw new UserError('TSLM_CHAT_TEMPLATE', `the chat template cannot be rendered: ${messageOf(error)}`, {
      hint: 'correct chat_template.jinja, or give another template',
      cause: error,
    });
  }
}

type Program = Template['parsed'];

const programs = new Map<string, Program>();
const MOST_PROGRAMS = 32;

function parsed(source: string): Program {
  let program = programs.get(source);
  if (!program) {
    program = new Template(source).parsed;
    if (programs.size >= MOST_PROGRAMS) programs.clear();
    programs.set(source, program);
  }
  return program;
}

const GENERATION_TAG = /\{%([-+]?)\s*(end)?generation\s*([-+]?)%\}/g;

/** Whether a template says which parts the assistant writes. */
export const hasGenerationTags = (source: string): boolean => source.search(GENERATION_TAG) >= 0;

/**
 * Writes `open` and `close` for the tags `{% generation %}` and `{% endgeneration %}`, which Jinja itself does not know.
 * Empty comments beside them take the line with them as the tags would.
 */
export const markGeneration = (source: string, open: string, close: string): string =>
  source.replace(GENERATION_TAG, (_tag, before: string, end: string | undefined, after: string) => {
    const left = before === '-' ? '{{-' : before === '+' ? '{{' : '{##}{{';
    const right = after === '-' ? '-}}' : after === '+' ? '}}' : '}}{##}';
    return `${left} ${JSON.stringify(end ? close : open)} ${right}`;
  });
