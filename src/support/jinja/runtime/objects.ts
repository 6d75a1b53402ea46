/** The objects that Jinja itself gives to templates: `namespace`, `cycler`, `joiner`, `self`. */
import { TemplateError, valueError } from '../errors.ts';
import type { Dict } from '../python/dict.ts';
import { repr } from '../python/repr.ts';
import { type Kwargs, PyFunction, PyObject, Tuple, Undefined, type Value } from '../python/values.ts';

export const undefinedBecause = (message: string): Undefined => new Undefined(() => new TemplateError(message));

/** Attributes that bodies may set although they have scopes of their own. */
export class Namespace extends PyObject {
  readonly typeName = 'jinja2.utils.Namespace';
  constructor(readonly attributes: Dict) {
    super();
  }

  override attribute(name: string): Value | undefined {
    return this.attributes.get(name);
  }

  repr(inner: (value: Value) => string): string {
    return `<Namespace ${inner(this.attributes)}>`;
  }
}

export class Cycler extends PyObject {
  readonly typeName = 'jinja2.utils.Cycler';
  #position = 0;

  constructor(readonly items: readonly Value[]) {
    super();
    if (items.length === 0) throw valueError('at least one item has to be provided');
  }

  override attribute(name: string): Value | undefined {
    switch (name) {
      case 'current':
        return this.items[this.#position];
      case 'next':
        return new PyFunction('next', () => {
          const item = this.items[this.#position];
          this.#position = (this.#position + 1) % this.items.length;
          return item;
        });
      case 'reset':
        return new PyFunction('reset', () => {
          this.#position = 0;
          return null;
        });
      case 'items':
        return new Tuple(this.items);
      case 'pos':
        return BigInt(this.#position);
      default:
        return undefined;
    }
  }
}

/** Nothing when it is called first, then the separator. */
export class Joiner extends PyObject {
  readonly typeName = 'jinja2.utils.Joiner';
  #isUsed = false;
  constructor(readonly separator: Value) {
    super();
  }

  override attribute(name: string): Value | undefined {
    if (name === 'sep') return this.separator;
    return name === 'used' ? this.#isUsed : undefined;
  }

  call(): Value {
    const separator = this.#isUsed ? this.separator : '';
    this.#isUsed = true;
    return separator;
  }
}

/** A function that a template defines. */
export class Macro extends PyObject {
  readonly typeName = 'Macro';
  constructor(
    readonly name: string | null,
    readonly parameters: readonly string[],
    readonly call: (args: Value[], kwargs: Kwargs) => Value,
    readonly uses: ReadonlySet<string>,
  ) {
    super();
  }

  override attribute(name: string): Value | undefined {
    switch (name) {
      case 'name':
        return this.name;
      case 'arguments':
        return new Tuple([...this.parameters]);
      case 'catch_kwargs':
        return this.uses.has('kwargs');
      case 'catch_varargs':
        return this.uses.has('varargs');
      case 'caller':
        return this.uses.has('caller');
      case 'explicit_caller':
        return this.parameters.includes('caller');
      default:
        return undefined;
    }
  }

  repr(): string {
    return `<Macro ${this.name === null ? 'anonymous' : repr(this.name)}>`;
  }
}

/** The variable `self`: the blocks of the template by name. */
export class TemplateReference extends PyObject {
  readonly typeName = 'TemplateReference';
  constructor(readonly block: (name: string) => (() => Value) | undefined) {
    super();
  }

  override attribute(name: string): Value | undefined {
    const render = this.block(name);
    return render && new PyFunction(name, render);
  }

  repr(): string {
    return '<TemplateReference None>';
  }
}

type Callable = PyObject & { call(args: Value[], kwargs: Kwargs): Value };

export const isCallable = (value: Value): value is Callable =>
  value instanceof PyObject && 'call' in value && typeof value.call === 'function';
