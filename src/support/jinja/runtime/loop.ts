/** The variable `loop`: "For" in the list of control structures of Jinja's template documentation. */
import { typeError } from '../errors.ts';
import { equals } from '../python/compare.ts';
import { iterate, lengthOf } from '../python/iterate.ts';
import { PyFunction, PyObject, Tuple, type Value } from '../python/values.ts';
import { undefinedBecause } from './objects.ts';

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
