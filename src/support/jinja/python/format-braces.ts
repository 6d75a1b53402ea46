/** `text.format(…)`: replacement fields in braces, by the rules of Python's `string.Formatter`. */
import { typeError, valueError } from '../errors.ts';
import { escapeHtml } from './escape.ts';
import { format } from './format-spec.ts';
import { ascii, repr, str } from './repr.ts';
import { type Kwargs, Markup, type Value } from './values.ts';

/** How fields reach into values: as the sandbox lets expressions do. */
export interface Access {
  attribute(value: Value, name: string): Value;
  item(value: Value, key: Value): Value;
}

export interface FormatArguments {
  args: readonly Value[];
  kwargs: Kwargs;
  access: Access;
  /** HTML: what is filled in is escaped. */
  escapes: boolean;
}

export function formatBraces(template: string, given: FormatArguments): string {
  return new Formatter(given).format(template, 2);
}

class Formatter {
  /** The number of the next `{}`; false once a field has a number of its own. */
  #automatic: number | false = 0;

  constructor(readonly given: FormatArguments) {}

  /** @param depth how deep fields may yet lie in the specifications of others */
  format(template: string, depth: number): string {
    if (depth < 0) throw valueError('Max string recursion exceeded');
    let text = '';
    for (const part of parse(template)) {
      if (typeof part === 'string') text += part;
      else text += this.#field(part, depth);
    }
    return text;
  }

  #field({ name, conversion, spec }: Field, depth: number): string {
    const value = converted(this.#value(this.#numbered(name)), conversion);
    const filled = this.format(spec, depth - 1);
    if (!this.given.escapes) return format(value, filled);
    if (value instanceof Markup) {
      if (filled) throw valueError('Unsupported format specification for Markup.');
      return value.text;
    }
    return escapeHtml(format(value, filled)).text;
  }

  #numbered(name: string): string {
    if (name === '') {
      if (this.#automatic === false) {
        throw valueError('cannot switch from manual field specification to automatic field numbering');
      }
      return String(this.#automatic++);
    }
    if (/^\d+$/.test(name)) {
      if (this.#automatic) {
        throw valueError('cannot switch from automatic field numbering to manual field specification');
      }
      this.#automatic = false;
    }
    return name;
  }

  #value(name: string): Value {
    const { args, kwargs, access } = this.given;
    const first = /^[^.[]*/.exec(name)![0];
    let value = /^\d+$/.test(first) ? args[Number(first)] : kwargs.get(first);
    if (value === undefined) {
      throw valueError(/^\d+$/.test(first) ? 'Replacement index out of range' : `KeyError: ${repr(first)}`);
    }
    for (const [isAttribute, key] of steps(name.slice(first.length))) {
      value = isAttribute ? access.attribute(value, String(key)) : access.item(value, key);
    }
    return value;
  }
}

function* steps(path: string): Generator<[isAttribute: boolean, key: string | bigint]> {
  const step = /\.([^.[]*)|\[([^\]]*)\]/y;
  while (step.lastIndex < path.length) {
    const match = step.exec(path);
    if (!match) throw valueError("Only '.' or '[' may follow ']' in format field specifier");
    const [, attribute, index] = match;
    if (!(attribute ?? index)) throw valueError('Empty attribute in format string');
    yield attribute !== undefined ? [true, attribute] : [false, /^\d+$/.test(index) ? BigInt(index) : index];
  }
}

function converted(value: Value, conversion: string | undefined): Value {
  switch (conversion) {
    case undefined:
      return value;
    case 's':
      return str(value);
    case 'r':
      return repr(value);
    case 'a':
      return ascii(value);
    default:
      throw valueError(`Unknown conversion specifier ${conversion}`);
  }
}

interface Field {
  name: string;
  conversion: string | undefined;
  spec: string;
}

function* parse(template: string): Generator<string | Field> {
  const brace = /[{}]/g;
  let from = 0;
  for (let match = brace.exec(template); match; match = brace.exec(template)) {
    const { index: at } = match;
    yield template.slice(from, at);
    if (template[at + 1] === template[at]) {
      yield template[at];
      from = at + 2;
    } else if (template[at] === '}') {
      throw valueError("Single '}' encountered in format string");
    } else {
      const end = closing(template, at);
      yield parseField(template.slice(at + 1, end));
      from = end + 1;
    }
    brace.lastIndex = from;
  }
  yield template.slice(from);
}

/** The brace that closes the one at `open`; those inside square brackets do not count. */
function closing(template: string, open: number): number {
  let depth = 0;
  let isBracketed = false;
  for (let i = open; i < template.length; i++) {
    const char = template[i];
    if (char === '[') isBracketed = true;
    else if (char === ']') isBracketed = false;
    else if (isBracketed) continue;
    else if (char === '{') depth++;
    else if (char === '}' && --depth === 0) return i;
  }
  throw valueError(
    open === template.length - 1 ? "Single '{' encountered in format string" : "expected '}' before end of string",
  );
}

function parseField(text: string): Field {
  const [name] = /^(?:[^[:!]|\[[^\]]*(?:\]|$))*/.exec(text)!;
  if (name.includes('{')) throw valueError("unexpected '{' in field name");
  const rest = text.slice(name.length);
  if (!rest.startsWith('!')) return { name, conversion: undefined, spec: rest.slice(1) };
  const [, conversion, , spec = ''] = /^!(.)(:(.*))?$/su.exec(rest) ?? [];
  if (conversion === undefined) throw typeError("expected ':' after conversion specifier");
  return { name, conversion, spec };
}
