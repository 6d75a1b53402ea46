/**
 * Which names belong to which body of a template. Jinja decides this before it renders ("Scoping Behavior" and
 * "Assignments" of its documentation): a name that a body stores is its own from the body's start.
 */

/** What a name holds as its body is entered. */
export type Load =
  /** What the caller or the loop puts there. */
  | 'parameter'
  /** The template's variable of that name. */
  | 'resolve'
  /** What the name holds in the body around. */
  | 'alias'
  /** Nothing yet. */
  | 'undefined';

export class Scope {
  /** Each name of its own. */
  readonly loads: Map<string, Load>;
  readonly #stores: Set<string>;
  readonly parent: Scope | undefined;

  constructor(parent?: Scope, loads = new Map<string, Load>(), stores = new Set<string>()) {
    this.parent = parent;
    this.loads = loads;
    this.#stores = stores;
  }

  /** Names that this body or one around it stores, and so blocks that are `scoped` see. */
  *stored(): Iterable<string> {
    yield* this.#stores;
    if (this.parent) yield* this.parent.stored();
  }

  declare(name: string): void {
    this.#stores.add(name);
    this.loads.set(name, 'parameter');
  }

  load(name: string): void {
    if (!this.#knows(name)) this.loads.set(name, 'resolve');
  }

  store(name: string): void {
    this.#stores.add(name);
    if (!this.loads.has(name)) this.loads.set(name, this.#isOutside(name) ? 'alias' : 'undefined');
  }

  /** For a branch that may not be taken. */
  copy(): Scope {
    return new Scope(this.parent, new Map(this.loads), new Set(this.#stores));
  }

  /** Takes in what branches have found: what only some of them store holds the outer value else. */
  merge(branches: readonly Scope[]): void {
    const stored = new Set(branches.flatMap(branch => [...branch.#stores].filter(name => !this.#stores.has(name))));
    for (const branch of branches) {
      for (const [name, load] of branch.loads) this.loads.set(name, load);
      for (const name of branch.#stores) this.#stores.add(name);
    }
    for (const name of stored) this.loads.set(name, this.#isOutside(name) ? 'alias' : 'resolve');
  }

  #knows(name: string): boolean {
    return this.loads.has(name) || this.#isOutside(name);
  }

  #isOutside(name: string): boolean {
    const { parent } = this;
    return parent ? parent.#knows(name) : false;
  }
}
