/** The objects that Jinja itself gives to templates: `loop`, `namespace`, `cycler`, `joiner`, `self`. */
import { TemplateError, typeError, valueError } from '../errors.ts';
import { equals } from '../python/compare.ts';
import type { Dict } from '../python/dict.ts';
import { iterate, lengthOf } from '../python/iterate.ts';
import { repr } from '../python/repr.ts';
import { type Kwargs, PyFunction, PyObject, Tuple, Undefined, type Value } from '../python/values.ts';

export const undefinedBecause = (message: string): Undefined => new Undefined(() => new TemplateError(message));

/** The variable `loop` of a for loop; iterates for it. */
export class LoopContext extends PyObject {
  readonly typeName = 'LoopContext';
  #index0 = -1;
  #iterator: Iterator<Value>;
  #length: number | undefined;
  /** The next item, where it has been looked at; null when there is none. */
  #after: { value: Value } | null | undefined;
  #current: Value | undefined;
  #before: Value | undefined;
  #changed: Value[] | undefined;

  /** @param recurse renders the loop over other items, one level deeper; undefined when it is not recursive */
  constructor(
    readonly iterable: Value,
    readonly recurse: ((items: Value, depth: number) => Value) | undefined,
    readonly depth0: number,
  ) {
    super();
    this.#iterator = iterate(iterable);
  }

  /** The next item, undefined at the end. */
  next(): Value | undefined {
    const next = this.#peek();
    this.#after = undefined;
    if (next === null) return undefined;
    this.#index0++;
    this.#before = this.#current;
    this.#current = next.value;
    return next.value;
  }

  #peek(): { value: Value } | null {
    if (this.#after) return this.#after;
    const { done, value } = this.#iterator.next();
    this.#after = done ? null : { value };
    return this.#after;
  }

  /** Of a generator by going through it. */
  get length(): number {
    if (this.#length === undefined) {
      this.#length = lengthOf(this.iterable);
      if (this.#length === undefined) {
        const rest: Value[] = [];
        for (let next = this.#iterator.next(); !next.done; next = this.#iterator.next()) rest.push(next.value);
        this.#iterator = rest[Symbol.iterator]();
        this.#length = rest.length + this.#index0 + 1 + (this.#after ? 1 : 0);
      }
    }
    return this.#length;
  }

  *[Symbol.iterator](): Iterator<Value> {
    for (let item = this.next(); item !== undefined; item = this.next()) yield new Tuple([item, this]);
  }

  override attribute(name: string): Value | undefined {
    switch (name) {
      case 'index':
        return BigInt(this.#index0 + 1);
      case 'index0':
        return BigInt(this.#index0);
      case 'revindex':
        return BigInt(this.length - this.#index0);
      case 'revindex0':
        return BigInt(this.length - this.#index0 - 1);
      case 'first':
        return this.#index0 === 0;
      case 'last':
        return this.#peek() === null;
      case 'length':
        return BigInt(this.length);
      case 'depth':
        return BigInt(this.depth0 + 1);
      case 'depth0':
        return BigInt(this.depth0);
      case 'previtem':
        return this.#index0 === 0 ? undefinedBecause('there is no previous item') : this.#before;
      case 'nextitem':
        return this.#peek()?.value ?? (this.#after ? null : undefinedBecause('there is no next item'));
      case 'cycle':
        return new PyFunction('cycle', args => {
          if (args.length === 0) throw typeError('no items for cycling given');
          return args[this.#index0 % args.length];
        });
      case 'changed':
        return new PyFunction('changed', args => this.#hasChanged(args));
      default:
        return undefined;
    }
  }

  #hasChanged(values: Value[]): boolean {
    if (this.#changed && equals(this.#changed, values)) return false;
    this.#changed = values;
    return true;
  }

  call(args: Value[]): Value {
    if (!this.recurse) throw typeError("The loop must have the 'recursive' marker to be called recursively.");
    if (args.length !== 1) throw typeError(`the loop takes one argument (${args.length} given)`);
    return this.recurse(args[0], this.depth0 + 1);
  }

  repr(): string {
    return `<LoopContext ${this.#index0 + 1}/${this.length}>`;
  }
}

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
