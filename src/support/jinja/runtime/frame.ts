/** The names that a body of a template knows while it renders. */
import { TemplateError } from '../errors.ts';
import type { Value } from '../python/values.ts';
import type { Scope } from '../syntax/scope.ts';

/** The variables of a template: those it was given, and those it has set outside of all bodies. */
export class Context {
  readonly #given: ReadonlyMap<string, Value>;
  readonly set = new Map<string, Value>();

  constructor(given: ReadonlyMap<string, Value>) {
    this.#given = given;
  }

  /** Undefined for what there is not. */
  resolve(name: string): Value | undefined {
    return this.set.has(name) ? this.set.get(name) : this.#given.get(name);
  }

  /** All of them, and more that hide them. */
  derived(more: Iterable<[string, Value]>): Context {
    return new Context(new Map([...this.#given, ...this.set, ...more]));
  }
}

export class Frame {
  /** Every name of the scope; undefined while it holds nothing. */
  readonly #values = new Map<string, Value | undefined>();

  constructor(
    readonly scope: Scope,
    readonly context: Context,
    readonly parent?: Frame,
  ) {
    for (const [name, load] of scope.loads) if (load === 'parameter') this.#values.set(name, undefined);
  }

  get isTop(): boolean {
    return this.parent === undefined;
  }

  /** Gives the names what they hold as the body begins; for every turn of a loop anew. */
  enter(): this {
    for (const [name, load] of this.scope.loads) {
      if (load === 'resolve') this.#values.set(name, this.context.resolve(name));
      else if (load === 'alias') this.#values.set(name, this.parent!.get(name));
      else if (load === 'undefined') this.#values.set(name, undefined);
    }
    return this;
  }

  /** Undefined for a name that holds nothing. */
  get(name: string): Value | undefined {
    for (let frame: Frame | undefined = this; frame; frame = frame.parent) {
      if (frame.#values.has(name)) return frame.#values.get(name);
    }
    throw new TemplateError(`the name '${name}' is not known where it is used`);
  }

  set(name: string, value: Value): void {
    this.#values.set(name, value);
  }

  /** The names that are stored in this body or one around it, with what they hold. */
  *stored(): Iterable<[string, Value]> {
    for (const name of this.scope.stored()) {
      const value = this.get(name);
      if (value !== undefined) yield [name, value];
    }
  }
}
