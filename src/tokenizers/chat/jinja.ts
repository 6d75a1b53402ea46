/**
 * Jinja as Transformers sets it up for chat templates: blocks take their line with them (`trim_blocks`, `lstrip_blocks`),
 * `tojson` leaves letters as they are, and templates may ask for the date and refuse a conversation.
 */
import { UserError } from '../../support/errors.ts';
import { TemplateError, TemplateRefusal } from '../../support/jinja/errors.ts';
import { plainJson } from '../../support/jinja/filters/json.ts';
import { str } from '../../support/jinja/python/repr.ts';
import { bind, signature, textArgument } from '../../support/jinja/python/signature.ts';
import { PyFunction } from '../../support/jinja/python/values.ts';
import { compileTemplate, type Rendered, type Template } from '../../support/jinja/template.ts';
import { strftime } from './strftime.ts';

const MESSAGE = signature('message');
const FORMAT = signature('format');

const GLOBALS = {
  strftime_now: new PyFunction('strftime_now', (args, kwargs) => {
    const [format] = bind('strftime_now', FORMAT, args, kwargs);
    return strftime(new Date(), textArgument(format));
  }),
  raise_exception: new PyFunction('raise_exception', (args, kwargs) => {
    const [message] = bind('raise_exception', MESSAGE, args, kwargs);
    throw new TemplateRefusal(message === null ? '' : str(message));
  }),
};

/** @throws UserError when the template is malformed, or refuses what it is given */
export const renderJinja = (source: string, variables: Record<string, unknown>): string =>
  renderTemplate(source, variables).text;

/** The same, with what the template says that the assistant writes. */
export function renderTemplate(source: string, variables: Record<string, unknown>): Rendered {
  try {
    return compiled(source).render(variables);
  } catch (error) {
    throw error instanceof TemplateError ? explained(error) : error;
  }
}

function explained(error: TemplateError): UserError {
  if (error instanceof TemplateRefusal) {
    return new UserError('TSLM_CHAT_TEMPLATE', `the chat template refuses the messages: ${error.message}`, {
      hint: 'change the messages, or give another template',
      cause: error,
    });
  }
  return new UserError('TSLM_CHAT_TEMPLATE', `the chat template cannot be rendered: ${error.located}`, {
    hint: 'correct chat_template.jinja, or give another template',
    cause: error,
  });
}

const templates = new Map<string, Template>();
const MOST_TEMPLATES = 32;

function compiled(source: string): Template {
  let template = templates.get(source);
  if (!template) {
    template = compileTemplate(source, {
      trimBlocks: true,
      lstripBlocks: true,
      loopControls: true,
      generation: true,
      filters: { tojson: plainJson },
      globals: GLOBALS,
    });
    if (templates.size >= MOST_TEMPLATES) templates.clear();
    templates.set(source, template);
  }
  return template;
}

/** Whether a template says which parts the assistant writes. */
export const hasGenerationTags = (source: string): boolean => /\{%-?\s*generation\s*-?%\}/.test(source);
