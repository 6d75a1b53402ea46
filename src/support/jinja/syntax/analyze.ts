/** What Jinja's compiler works out before it renders: the scope of every body, and what is wrong whatever is rendered. */
import { TemplateError } from '../errors.ts';
import { undeclared } from './mentions.ts';
import type { Body, Escapes, Expression, ForNode, MacroDefinition, Program, Statement } from './nodes.ts';
import { Scope } from './scope.ts';
import { all, inside, parts, targetNames } from './visit.ts';

/** The filters and tests that there are. */
export interface Known {
  hasFilter(name: string): boolean;
  hasTest(name: string): boolean;
}

interface Surroundings {
  scope: Scope;
  /** Loops around within the same function; Python allows 20. */
  loops: number;
  /** Within a condition: filters that are not known raise only when they are reached. */
  isSoft: boolean;
  /** At the top, or in conditions there. */
  isTop: boolean;
  escapes: Escapes;
}

const MOST_LOOPS = 20;

/**
 * Fills in the scopes of a program.
 *
 * @throws TemplateError for what the compiler refuses
 */
export function analyze(program: Program, known: Known): void {
  const analysis = new Analysis(known);
  const top = { loops: 0, isSoft: false, escapes: false };
  const scope = new Scope();
  if (undeclared(program.body, ['self']).size > 0) scope.declare('self');
  analysis.root(program, { ...top, scope, isTop: true });
  for (const { inner } of program.blocks.values()) {
    const own = new Scope();
    for (const name of undeclared(inner.body, ['self', 'super'])) own.declare(name);
    analysis.root(inner, { ...top, scope: own, isTop: false });
  }
}

class Analysis {
  constructor(readonly known: Known) {}

  root(body: Body, surroundings: Surroundings): void {
    this.#symbols(body.body, surroundings.scope);
    this.#enter(body, surroundings);
  }

  /** The names that statements load and store in their own scope; inner bodies have theirs. */
  #symbols(statements: readonly Statement[], scope: Scope): void {
    for (const statement of statements) this.#symbolsOf(statement, scope);
  }

  #symbolsOf(statement: Statement, scope: Scope): void {
    switch (statement.kind) {
      case 'set':
        load(scope, statement.value);
        store(scope, statement.target);
        break;
      case 'set-block':
        store(scope, statement.target);
        break;
      case 'for':
        load(scope, statement.iterable);
        break;
      case 'if':
        this.#branches(statement.branches, statement.otherwise, scope);
        break;
      case 'macro':
        scope.store(statement.name);
        break;
      case 'call-block':
        load(scope, statement.call);
        break;
      case 'block':
      case 'autoescape':
      case 'generation':
        break;
      default:
        load(scope, ...inside(statement).expressions);
        if (statement.kind === 'load') for (const name of statement.targets) scope.store(name);
    }
  }

  #branches(branches: { test: Expression; body: Statement[] }[], otherwise: Statement[], scope: Scope): void {
    const [first, ...others] = branches;
    load(scope, first.test);
    const branch = (statements: readonly Statement[]): Scope => {
      const copy = scope.copy();
      this.#symbols(statements, copy);
      return copy;
    };
    const body = branch(first.body);
    const elses = scope.copy();
    for (const other of others) this.#branches([other], [], elses);
    scope.merge([body, elses, branch(otherwise)]);
  }

  #enter(body: Body, surroundings: Surroundings): void {
    body.scope = surroundings.scope;
    for (const statement of body.body) this.#statement(statement, surroundings);
  }

  /** A body with a scope of its own inside another. */
  #inner(
    body: Body,
    around: Surroundings,
    declare?: (scope: Scope) => void,
    changes: Partial<Surroundings> = {},
  ): void {
    const scope = new Scope(around.scope);
    declare?.(scope);
    this.#symbols(body.body, scope);
    this.#enter(body, { ...around, ...changes, scope, isSoft: false, isTop: false });
  }

  #statement(statement: Statement, around: Surroundings): void {
    const { line } = statement;
    const inner = { ...around, isSoft: false };
    switch (statement.kind) {
      case 'output':
        statement.escapes = around.escapes;
        break;
      case 'if':
        this.#if(statement, around);
        return;
      case 'for':
        this.#for(statement, around);
        return;
      case 'set-block':
        this.#inner(statement.inner, around);
        this.#expressions(inner, statement.filter);
        return;
      case 'with':
        this.#expressions(around, ...statement.values);
        this.#inner(statement.inner, around, scope => {
          for (const name of statement.targets.flatMap(targetNames)) scope.declare(name);
        });
        return;
      case 'macro':
        this.#macro(statement.macro, around, line);
        return;
      case 'call-block':
        this.#expressions(around, statement.call);
        this.#macro(statement.caller, around, line);
        return;
      case 'generation':
        this.#macro(statement.caller, around, line);
        return;
      case 'filter-block': {
        this.#inner(statement.inner, around);
        load(statement.inner.scope!, statement.filter);
        this.#expressions(inner, statement.filter);
        return;
      }
      case 'autoescape': {
        const { value } = statement;
        const escapes = value.kind === 'const' ? Boolean(value.value) : 'unknown';
        this.#inner(statement.inner, around, scope => load(scope, value), { escapes });
        this.#expressions(inner, value);
        return;
      }
      case 'break':
      case 'continue':
        if (around.loops === 0) throw new TemplateError(`'${statement.kind}' outside loop`, { line });
        return;
      case 'block':
        return;
      case 'load':
        if (statement.tag === 'extends' && !around.isTop) {
          throw new TemplateError('cannot use extend from a non top-level scope', { line });
        }
    }
    this.#expressions(around, ...inside(statement).expressions);
  }

  #if(statement: Extract<Statement, { kind: 'if' }>, around: Surroundings): void {
    const soft = { ...around, isSoft: true };
    for (const { test, body } of statement.branches) {
      this.#expressions(soft, test);
      for (const inner of body) this.#statement(inner, soft);
    }
    for (const inner of statement.otherwise) this.#statement(inner, soft);
  }

  #for(statement: ForNode, around: Surroundings): void {
    const { target, iterable, test, isRecursive, loop, otherwise, line } = statement;
    if (storesLoop([statement]))
      throw new TemplateError("Can't assign to special loop variable in for-loop target", { line });
    this.#expressions(around, iterable);
    const declare = (scope: Scope): void => {
      for (const name of targetNames(target)) scope.declare(name);
    };
    if (test) {
      statement.testScope = new Scope(around.scope);
      declare(statement.testScope);
      load(statement.testScope, test);
      this.#expressions({ ...around, scope: statement.testScope, isSoft: false }, test);
    }
    const loops = (isRecursive ? 0 : around.loops) + 1;
    if (loops > MOST_LOOPS) throw new TemplateError('too many statically nested blocks', { line });
    const withLoop = (scope: Scope): void => {
      scope.declare('loop');
      declare(scope);
    };
    this.#inner(loop, around, withLoop, { loops });
    this.#inner(otherwise, around, undefined, { loops: isRecursive ? 0 : around.loops });
  }

  #macro(macro: MacroDefinition, around: Surroundings, line: number): void {
    const uses = undeclared(macro.body, ['caller', 'kwargs', 'varargs']);
    const { parameters, defaults } = macro;
    const caller = parameters.indexOf('caller');
    if (uses.has('caller') && caller >= 0 && caller < parameters.length - defaults.length) {
      throw new TemplateError('the special "caller" argument must be omitted or be given a default', { line });
    }
    for (const name of parameters) if (name !== 'caller') uses.delete(name as 'kwargs' | 'varargs');
    macro.uses = uses;
    const declare = (scope: Scope): void => {
      for (const name of parameters) scope.declare(name);
      load(scope, ...defaults);
      for (const name of uses) if (!parameters.includes(name)) scope.declare(name);
    };
    this.#inner(macro, around, declare, { loops: 0 });
    this.#expressions({ ...around, isSoft: false }, ...defaults);
  }

  /** Filters and tests must be known, unless a condition stands before them. */
  #expressions({ isSoft, escapes }: Surroundings, ...expressions: (Expression | undefined)[]): void {
    for (const expression of expressions) if (expression) this.#expression(expression, isSoft, escapes);
  }

  #expression(node: Expression, isSoft: boolean, escapes: Escapes): void {
    if (node.kind === 'concat') node.escapes = escapes;
    if (node.kind === 'filter' && !isSoft && !this.known.hasFilter(node.name)) {
      throw new TemplateError(`No filter named '${node.name}'.`, { line: node.line });
    }
    if (node.kind === 'test' && !isSoft && !this.known.hasTest(node.name)) {
      throw new TemplateError(`No test named '${node.name}'.`, { line: node.line });
    }
    const isDecided = (node.kind === 'and' || node.kind === 'or') && literalTruth(node.left) === (node.kind === 'or');
    for (const part of isDecided ? [node.left] : parts(node))
      this.#expression(part, isSoft || node.kind === 'condition', escapes);
  }
}

/** Whether a literal is true; undefined for what is none. The compiler leaves out what it decides. */
function literalTruth(node: Expression): boolean | undefined {
  if (node.kind === 'const') return Boolean(node.value);
  if (node.kind === 'dict') return node.pairs.flat().every(isLiteral) ? node.pairs.length > 0 : undefined;
  if (node.kind !== 'list' && node.kind !== 'tuple') return undefined;
  return node.items.every(isLiteral) ? node.items.length > 0 : undefined;
}

const isLiteral = (node: Expression): boolean => literalTruth(node) !== undefined;

function load(scope: Scope, ...expressions: (Expression | undefined)[]): void {
  for (const expression of expressions) {
    if (!expression) continue;
    for (const node of all(expression)) {
      if (node.kind === 'name' || node.kind === 'namespace-attribute') scope.load(node.name);
    }
  }
}

function store(scope: Scope, target: Expression): void {
  if (target.kind === 'tuple') for (const item of target.items) store(scope, item);
  else if (target.kind === 'name') scope.store(target.name);
  else if (target.kind === 'namespace-attribute') scope.load(target.name);
}

/** Whether a loop or what is in it takes the name `loop` for something else. */
function storesLoop(statements: readonly Statement[]): boolean {
  return statements.some(statement => {
    if (statement.kind === 'macro' && statement.name === 'loop') return false;
    const { targets, bodies } = inside(statement);
    const isStored = statement.kind !== 'with' && targets.flatMap(targetNames).includes('loop');
    return isStored || bodies.some(storesLoop);
  });
}
