/**
 * Jinja templates as Python renders them (jinja2 3.1; template documentation at jinja.palletsprojects.com): Python's
 * values, white space control, scopes, filters and tests, within the limits of `ImmutableSandboxedEnvironment`.
 *
 * What is not here: other templates (`include`, `import` and `extends` are refused, as without a loader), `lipsum`,
 * line statements, extensions but loop controls, complex numbers, `\N{…}` in texts.
 */

import { messageOf } from '../errors.ts';
import { createRandom } from '../random.ts';
import { TemplateError } from './errors.ts';
import { FILTERS } from './filters/builtin.ts';
import type { Filter, Test } from './filters/filter.ts';
import { TESTS } from './filters/tests.ts';
import type { Dict } from './python/dict.ts';
import { fromJs } from './python/from-js.ts';
import type { Value } from './python/values.ts';
import type { Environment } from './runtime/environment.ts';
import { Context } from './runtime/frame.ts';
import { GLOBALS } from './runtime/globals.ts';
import { Renderer } from './runtime/renderer.ts';
import { analyze } from './syntax/analyze.ts';
import { type ParserOptions, parse } from './syntax/parser.ts';

export interface TemplateOptions extends ParserOptions {
  /** Filters beside Jinja's own, or in their place. */
  filters?: Record<string, Filter>;
  /** The same for tests. */
  tests?: Record<string, Test>;
  /** Variables that every rendering has. */
  globals?: Record<string, unknown>;
  /** What is undefined may only be asked whether it is defined (`StrictUndefined`). Default false. */
  strictUndefined?: boolean;
  /** `append`, `update` and their like work, on copies of what is given. Default false, as in the immutable sandbox. */
  mutable?: boolean;
  /** For the filter `random`. Default 0. */
  seed?: number;
}

export interface Rendered {
  text: string;
  /** What `{% generation %}` encloses, in code points of the text. */
  generated: { start: number; end: number }[];
}

export interface Template {
  /** @throws TemplateError when the template cannot be rendered with these variables */
  render(variables: Record<string, unknown>): Rendered;
}

/** @throws TemplateError with the line of what is wrong */
export function compileTemplate(source: string, options: TemplateOptions = {}): Template {
  const filters = new Map(Object.entries({ ...FILTERS, ...options.filters }));
  const tests = new Map(Object.entries({ ...TESTS, ...options.tests }));
  const globals = asValues({ ...GLOBALS, ...options.globals });
  const program = guarded(() => {
    const parsed = parse(source, options);
    analyze(parsed, { hasFilter: name => filters.has(name), hasTest: name => tests.has(name) });
    return parsed;
  });
  return {
    render: variables =>
      guarded(() => {
        const environment: Environment = {
          filters,
          tests,
          globals,
          isStrict: options.strictUndefined ?? false,
          isMutable: options.mutable ?? false,
          random: createRandom(options.seed ?? 0),
        };
        const renderer = new Renderer(environment, program);
        const text = renderer.render(new Context(new Map([...globals, ...asValues(variables)])));
        return { text, generated: renderer.generated };
      }),
  };
}

function asValues(variables: Record<string, unknown>): Map<string, Value> {
  const given = fromJs(variables) as Dict;
  return new Map(Array.from(given.entries(), ([name, value]) => [String(name), value]));
}

/** Whatever else goes wrong in a template is its error, too: nesting that the stack does not hold, texts without end. */
function guarded<T>(action: () => T): T {
  try {
    return action();
  } catch (error) {
    if (error instanceof TemplateError || !(error instanceof RangeError)) throw error;
    throw new TemplateError(`the template asks for too much: ${messageOf(error)}`, { cause: error });
  }
}
