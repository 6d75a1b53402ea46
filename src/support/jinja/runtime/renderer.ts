/** Statements: what a template writes, part by part. */
import { TemplateError, valueError } from '../errors.ts';
import { truth } from '../python/compare.ts';
import { escapeHtml } from '../python/escape.ts';
import { items } from '../python/iterate.ts';
import { str } from '../python/repr.ts';
import { length } from '../python/text.ts';
import { Markup, PyIterator, type Value } from '../python/values.ts';
import type { Body, Escapes, Expression, ForNode, Program, Statement } from '../syntax/nodes.ts';
import { Scope } from '../syntax/scope.ts';
import type { Environment } from './environment.ts';
import { Evaluator } from './evaluator.ts';
import { type Context, Frame } from './frame.ts';
import { LoopContext } from './loop.ts';
import { macroOf } from './macro.ts';
import { Namespace, TemplateReference, undefinedBecause } from './objects.ts';

/** How a body ended, undefined when it ran to its end. */
type Ending = 'break' | 'continue' | undefined;

/** Deeper calls of macros and loops are refused: about the limit of Python's stack. */
const DEEPEST = 200;

export class Renderer {
  readonly evaluator: Evaluator;
  readonly #program: Program;
  /** What the template has written outside of macros and other bodies that are rendered apart. */
  readonly #written: string[] = [];
  /** What `{% generation %}` encloses, in code points of the output. */
  readonly generated: { start: number; end: number }[] = [];
  #depth = 0;
  #counted = { parts: 0, length: 0 };

  constructor(environment: Environment, program: Program) {
    this.evaluator = new Evaluator(environment);
    this.#program = program;
  }

  render(context: Context): string {
    const frame = new Frame(this.#program.scope!, context).enter();
    if (this.#program.scope!.loads.get('self') === 'parameter') frame.set('self', this.#self(context));
    this.#run(this.#program.body, frame, this.#written);
    return this.#written.join('');
  }

  /** @param written takes what the statements write */
  #run(statements: readonly Statement[], frame: Frame, written: string[]): Ending {
    for (const statement of statements) {
      try {
        const ending = this.#statement(statement, frame, written);
        if (ending) return ending;
      } catch (error) {
        throw located(error, statement.line);
      }
    }
    return undefined;
  }

  #statement(statement: Statement, frame: Frame, written: string[]): Ending {
    const { evaluator } = this;
    switch (statement.kind) {
      case 'output':
        this.#output(statement, frame, written);
        return undefined;
      case 'set':
        this.#requireNamespaces(statement.target, frame);
        this.#assign(statement.target, evaluator.evaluate(statement.value, frame), frame);
        return undefined;
      case 'set-block': {
        const { target, filter, inner } = statement;
        const { text, frame: own, ending } = this.#apart(inner, frame);
        if (ending) return ending;
        const value = filter ? evaluator.filterChain(filter, text, own) : text;
        this.#assign(target, evaluator.escapes ? new Markup(str(value)) : value, frame);
        return undefined;
      }
      case 'for':
        return this.#for(statement, frame, written);
      case 'if': {
        const taken = statement.branches.find(({ test }) => truth(evaluator.evaluate(test, frame)));
        return this.#run(taken?.body ?? statement.otherwise, frame, written);
      }
      case 'with': {
        const own = new Frame(statement.inner.scope!, frame.context, frame).enter();
        for (const [i, target] of statement.targets.entries()) {
          this.#assign(target, evaluator.evaluate(statement.values[i], frame), own);
        }
        return this.#run(statement.inner.body, own, written);
      }
      case 'macro':
        this.#store(statement.name, macroOf(this, statement.name, statement.macro, frame), frame);
        return undefined;
      case 'call-block': {
        const caller = macroOf(this, null, statement.caller, frame);
        written.push(this.#text(evaluator.evaluateCall(statement.call, frame, ['caller', caller]), evaluator.escapes));
        return undefined;
      }
      case 'generation':
        this.#generation(macroOf(this, null, statement.caller, frame).call([], new Map()), written);
        return undefined;
      case 'filter-block': {
        const { text, frame: own, ending } = this.#apart(statement.inner, frame);
        if (ending) return ending;
        written.push(this.#text(evaluator.filterChain(statement.filter, text, own), evaluator.escapes));
        return undefined;
      }
      case 'block':
        this.#block(statement, frame, written);
        return undefined;
      case 'autoescape':
        return this.#autoescape(statement, frame, written);
      case 'break':
      case 'continue':
        return statement.kind;
      case 'load':
        throw new TemplateError(`no loader for this environment specified: templates cannot ${statement.tag} others`);
    }
  }

  #output({ nodes, escapes }: Extract<Statement, { kind: 'output' }>, frame: Frame, written: string[]): void {
    for (const node of nodes) {
      if (typeof node === 'string') {
        written.push(node);
        continue;
      }
      try {
        written.push(this.#text(this.evaluator.evaluate(node, frame), escapes));
      } catch (error) {
        throw located(error, node.line);
      }
    }
  }

  #text(value: Value, escapes: Escapes | undefined): string {
    const isEscaped = escapes === 'unknown' ? this.evaluator.escapes : escapes;
    return isEscaped ? escapeHtml(value).text : str(value);
  }

  /** A body whose text does not go where the statement stands. */
  #apart(inner: Body, frame: Frame): { text: Value; frame: Frame; ending: Ending } {
    const own = new Frame(inner.scope!, frame.context, frame).enter();
    const written: string[] = [];
    const ending = this.#run(inner.body, own, written);
    const text = written.join('');
    return { text: this.evaluator.escapes ? new Markup(text) : text, frame: own, ending };
  }

  renderBody(body: readonly Statement[], frame: Frame): string {
    const written: string[] = [];
    this.#run(body, frame, written);
    return written.join('');
  }

  #requireNamespaces(target: Expression, frame: Frame): void {
    if (target.kind === 'tuple') for (const part of target.items) this.#requireNamespaces(part, frame);
    if (target.kind === 'namespace-attribute' && !(frame.get(target.name) instanceof Namespace)) {
      throw new TemplateError('cannot assign attribute on non-namespace object');
    }
  }

  #assign(target: Expression, value: Value, frame: Frame): void {
    if (target.kind === 'name') {
      this.#store(target.name, value, frame);
    } else if (target.kind === 'namespace-attribute') {
      (frame.get(target.name) as Namespace).attributes.set(target.attribute, value);
    } else if (target.kind === 'tuple') {
      const { items: parts } = target;
      const values: Value[] = [];
      for (const part of items(value)) {
        values.push(part);
        if (values.length > parts.length) throw valueError(`too many values to unpack (expected ${parts.length})`);
      }
      if (values.length < parts.length) {
        throw valueError(`not enough values to unpack (expected ${parts.length}, got ${values.length})`);
      }
      for (const [i, part] of parts.entries()) this.#assign(part, values[i], frame);
    }
  }

  /** What is stored outside of all bodies is a variable of the template, which its blocks see. */
  #store(name: string, value: Value, frame: Frame): void {
    frame.set(name, value);
    if (frame.isTop) frame.context.set.set(name, value);
  }

  #for(node: ForNode, frame: Frame, written: string[]): Ending {
    const iterable = this.evaluator.evaluate(node.iterable, frame);
    if (!node.isRecursive) return this.#loop(node, iterable, frame, written, undefined, 0);
    const recurse = (values: Value, depth: number): Value =>
      this.nested(() => {
        const inner: string[] = [];
        this.#loop(node, values, frame, inner, recurse, depth);
        return this.evaluator.escapes ? new Markup(inner.join('')) : inner.join('');
      });
    written.push(str(recurse(iterable, 0)));
    return undefined;
  }

  /** What counts towards the depth of calls. */
  nested<T>(render: () => T): T {
    if (this.#depth >= DEEPEST) throw new TemplateError('maximum recursion depth exceeded');
    this.#depth++;
    try {
      return render();
    } finally {
      this.#depth--;
    }
  }

  #loop(
    node: ForNode,
    iterable: Value,
    frame: Frame,
    written: string[],
    recurse: LoopContext['recurse'],
    depth: number,
  ): Ending {
    const own = new Frame(node.loop.scope!, frame.context, frame);
    const loop = new LoopContext(node.test ? this.#selected(node, iterable, frame) : iterable, recurse, depth);
    // As in Jinja, `else` is for loops of which no turn has come to its end.
    let hasFinished = false;
    for (let item = loop.next(); item !== undefined; item = loop.next()) {
      own.set('loop', loop);
      this.#assign(node.target, item, own);
      const ending = this.#run(node.loop.body, own.enter(), written);
      if (ending === 'break') break;
      if (ending === undefined) hasFinished = true;
    }
    if (hasFinished || node.otherwise.body.length === 0) return undefined;
    return this.#run(node.otherwise.body, new Frame(node.otherwise.scope!, frame.context, frame).enter(), written);
  }

  /** The items for which the test of a loop holds. */
  #selected(node: ForNode, iterable: Value, frame: Frame): PyIterator {
    const own = new Frame(node.testScope!, frame.context, frame).enter();
    const values = items(iterable);
    const select = function* (this: Renderer): Generator<Value> {
      for (const item of values) {
        this.#assign(node.target, item, own);
        if (truth(this.evaluator.evaluate(node.test!, own))) yield item;
      }
    };
    return new PyIterator(select.call(this));
  }

  #generation(value: Value, written: string[]): void {
    const text = str(value);
    const start = this.#writtenLength();
    this.generated.push({ start, end: start + length(text) });
    written.push(text);
  }

  /** The output so far in code points, of which only what is new is counted. */
  #writtenLength(): number {
    const fresh = this.#written.slice(this.#counted.parts);
    this.#counted = { parts: this.#written.length, length: this.#counted.length + length(fresh.join('')) };
    return this.#counted.length;
  }

  #autoescape(node: Extract<Statement, { kind: 'autoescape' }>, frame: Frame, written: string[]): Ending {
    const own = new Frame(node.inner.scope!, frame.context, frame).enter();
    const { escapes } = this.evaluator;
    this.evaluator.escapes = truth(this.evaluator.evaluate(node.value, own));
    const ending = this.#run(node.inner.body, own, written);
    this.evaluator.escapes = escapes;
    return ending;
  }

  #block(node: Extract<Statement, { kind: 'block' }>, frame: Frame, written: string[]): void {
    if (node.isRequired) throw new TemplateError(`Required block '${node.name}' not found`);
    const context = node.isScoped ? frame.context.derived(frame.stored()) : frame.context;
    written.push(this.#renderBlock(node, context));
  }

  /** Blocks see the template's variables alone. */
  #renderBlock({ name, inner }: Extract<Statement, { kind: 'block' }>, context: Context): string {
    const scope = inner.scope!;
    const frame = new Frame(scope, context, new Frame(new Scope(), context)).enter();
    if (scope.loads.get('self') === 'parameter') frame.set('self', this.#self(context));
    if (scope.loads.get('super') === 'parameter') {
      frame.set('super', undefinedBecause(`there is no parent block called '${name}'.`));
    }
    return this.nested(() => this.renderBody(inner.body, frame));
  }

  #self(context: Context): TemplateReference {
    return new TemplateReference(name => {
      const block = this.#program.blocks.get(name);
      return block && ((): Value => this.#renderBlock(block, context));
    });
  }
}

/** Errors that do not know their line yet get this one. */
function located(error: unknown, line: number): unknown {
  if (error instanceof TemplateError) error.line ??= line;
  return error;
}
