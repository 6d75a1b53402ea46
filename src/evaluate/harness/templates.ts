/**
 * Templates of task files, as lm-evaluation-harness renders them: Jinja with Python's values, a filter `regex_replace`, the
 * trailing newline kept, and an error for a name that is not there.
 */
import { messageOf, UserError } from '../../support/errors.ts';
import { filter } from '../../support/jinja/filters/filter.ts';
import { str } from '../../support/jinja/python/repr.ts';
import { compileTemplate, type Template } from '../../support/jinja/template.ts';
import { pythonRegex, substitute } from '../../support/python-regex.ts';
import type { Doc } from './datasets.ts';

const regexReplace = filter('regex_replace', 'string pattern repl count?', (_, string, pattern, repl, count) =>
  substitute(pythonRegex(String(str(pattern!))), String(str(repl!)), String(str(string!)), Number(count ?? 0)),
);

const compiled = new Map<string, Template>();

/**
 * @param where the field and the document, for errors
 * @throws UserError that says where and why
 */
export function render(source: string, doc: Doc, where: string): string {
  try {
    let template = compiled.get(source);
    if (!template) {
      template = compileTemplate(source, {
        filters: { regex_replace: regexReplace },
        strictUndefined: true,
        keepTrailingNewline: true,
        mutable: true,
      });
      compiled.set(source, template);
    }
    return template.render(doc).text;
  } catch (error) {
    throw new UserError('TSLM_TEMPLATE', `${where}: ${messageOf(error)}`, {
      hint: 'the names in a template are the columns of the data',
    });
  }
}
