/** The names that statements mention, in the order in which Jinja's compiler comes by them. */
import type { Expression, MacroDefinition, Statement } from './nodes.ts';
import { all, targetNames } from './visit.ts';

interface Mention {
  name: string;
  isStored: boolean;
}

const stored = (names: readonly string[]): Mention[] => names.map(name => ({ name, isStored: true }));

function* loaded(...expressions: (Expression | undefined)[]): Generator<Mention> {
  for (const expression of expressions) {
    if (!expression) continue;
    for (const node of all(expression)) if (node.kind === 'name') yield { name: node.name, isStored: false };
  }
}

function* ofMacro({ parameters, defaults, body }: MacroDefinition): Generator<Mention> {
  yield* stored(parameters);
  yield* loaded(...defaults);
  yield* mentions(body);
}

/** Blocks are apart: what is in them is not mentioned. */
function* mentions(statements: readonly Statement[]): Generator<Mention> {
  for (const statement of statements) yield* ofStatement(statement);
}

function* ofStatement(statement: Statement): Generator<Mention> {
  switch (statement.kind) {
    case 'output':
      yield* loaded(...statement.nodes.filter(node => typeof node !== 'string'));
      break;
    case 'set':
      yield* stored(targetNames(statement.target));
      yield* loaded(statement.value);
      break;
    case 'set-block':
      yield* stored(targetNames(statement.target));
      yield* loaded(statement.filter);
      yield* mentions(statement.inner.body);
      break;
    case 'for':
      yield* stored(targetNames(statement.target));
      yield* loaded(statement.iterable);
      yield* mentions(statement.loop.body);
      yield* mentions(statement.otherwise.body);
      yield* loaded(statement.test);
      break;
    case 'if':
      for (const { test, body } of statement.branches) {
        yield* loaded(test);
        yield* mentions(body);
      }
      yield* mentions(statement.otherwise);
      break;
    case 'with':
      for (const target of statement.targets) yield* stored(targetNames(target));
      yield* loaded(...statement.values);
      yield* mentions(statement.inner.body);
      break;
    case 'macro':
      yield* ofMacro(statement.macro);
      break;
    case 'call-block':
      yield* loaded(statement.call);
      yield* ofMacro(statement.caller);
      break;
    case 'generation':
      yield* ofMacro(statement.caller);
      break;
    case 'filter-block':
      yield* mentions(statement.inner.body);
      yield* loaded(statement.filter);
      break;
    case 'autoescape':
      yield* loaded(statement.value);
      yield* mentions(statement.inner.body);
      break;
    case 'load':
      yield* loaded(statement.template);
      break;
  }
}

/** Which of some names a body uses before it stores them itself. */
export function undeclared<T extends string>(body: readonly Statement[], names: readonly T[]): Set<T> {
  const open = new Set<string>(names);
  const used = new Set<T>();
  for (const { name, isStored } of mentions(body)) {
    if (isStored) open.delete(name);
    else if (open.has(name)) used.add(name as T);
  }
  return used;
}
