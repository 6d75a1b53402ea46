/** The chat templates that belong to a tokenizer, and which of them a conversation takes. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { UserError } from '../../support/errors.ts';
import { writeFileAtomically } from '../../support/files.ts';

/** One template, or several by name as `chat_template` of tokenizer_config.json lists them. */
export type ChatTemplates = string | { name: string; template: string }[];

const FILE = 'chat_template.jinja';
const NAMED_FOLDER = 'additional_chat_templates';

/** Templates that lie in files of their own: chat_template.jinja, and one named template a file. */
export function readTemplateFiles(folder: string): ChatTemplates | undefined {
  const main = join(folder, FILE);
  const named = join(folder, NAMED_FOLDER);
  const read = (path: string): string => readFileSync(path, 'utf8');
  const others = (existsSync(named) ? readdirSync(named).sort() : [])
    .filter(file => file.endsWith('.jinja'))
    .map(file => ({ name: basename(file, '.jinja'), template: read(join(named, file)) }));
  if (!existsSync(main)) return others.length > 0 ? others : undefined;
  return others.length === 0 ? read(main) : [{ name: 'default', template: read(main) }, ...others];
}

/** Writes templates to files of their own, as `readTemplateFiles` finds them. */
export function writeTemplateFiles(folder: string, templates: ChatTemplates | null | undefined): void {
  const list = typeof templates === 'string' ? [{ name: 'default', template: templates }] : (templates ?? []);
  for (const { name, template } of list) {
    const path = name === 'default' ? join(folder, FILE) : join(folder, NAMED_FOLDER, `${name}.jinja`);
    writeFileAtomically(path, template);
  }
}

/**
 * The template that a call takes.
 *
 * @param wanted the name of one of the tokenizer's templates, or a template itself
 * @param usesTools then a template called `tool_use` comes before the default
 * @throws UserError when there is none
 */
export function selectTemplate(
  templates: ChatTemplates | null | undefined,
  wanted: string | undefined,
  usesTools: boolean,
): string {
  if (Array.isArray(templates)) {
    const named = (name: string): string | undefined => templates.find(entry => entry.name === name)?.template;
    const own =
      wanted !== undefined ? named(wanted) : ((usesTools ? named('tool_use') : undefined) ?? named('default'));
    if (own !== undefined) return own;
    if (wanted === undefined) {
      throw new UserError('TSLM_CHAT_TEMPLATE', 'the tokenizer has several chat templates and none is the default', {
        hint: `name one of them: ${templates.map(({ name }) => name).join(', ')}`,
      });
    }
  }
  const template = wanted ?? templates;
  if (typeof template === 'string') return template;
  throw new UserError('TSLM_CHAT_TEMPLATE', 'the tokenizer has no chat template', {
    hint: 'give a template, or use a model that was trained on conversations',
  });
}
