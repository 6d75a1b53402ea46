/** The parts of expressions and statements, for whoever walks over a tree. */
import type { Arguments, Expression, MacroDefinition, Statement } from './nodes.ts';

const ofArguments = ({ args, kwargs, rest, named }: Arguments): (Expression | undefined)[] => [
  ...args,
  ...kwargs.map(({ value }) => value),
  rest,
  named,
];

/** The expressions that an expression is made of. */
export function parts(node: Expression): Expression[] {
  return partsOf(node).filter(part => part !== undefined);
}

function partsOf(node: Expression): (Expression | undefined)[] {
  switch (node.kind) {
    case 'const':
    case 'name':
    case 'namespace-attribute':
      return [];
    case 'tuple':
    case 'list':
      return node.items;
    case 'dict':
      return node.pairs.flat();
    case 'condition':
      return [node.test, node.then, node.otherwise];
    case 'binary':
    case 'and':
    case 'or':
      return [node.left, node.right];
    case 'unary':
    case 'attribute':
      return [node.node];
    case 'compare':
      return [node.first, ...node.rest.map(({ node: operand }) => operand)];
    case 'concat':
      return node.nodes;
    case 'item':
      return [node.node, node.key];
    case 'slice':
      return [node.start, node.stop, node.step];
    case 'call':
    case 'filter':
    case 'test':
      return [node.node, ...ofArguments(node)];
  }
}

/** An expression and all within it. */
export function* all(node: Expression): Generator<Expression> {
  yield node;
  for (const part of parts(node)) yield* all(part);
}

/** The expressions of a statement itself, and the bodies within it. */
export function inside(statement: Statement): {
  expressions: Expression[];
  targets: Expression[];
  bodies: Statement[][];
} {
  const found = (expressions: (Expression | undefined)[], bodies: Statement[][] = [], targets: Expression[] = []) => ({
    expressions: expressions.filter(expression => expression !== undefined),
    targets,
    bodies,
  });
  const ofMacro = ({ defaults, body }: MacroDefinition, ...more: Expression[]) => found([...more, ...defaults], [body]);
  switch (statement.kind) {
    case 'output':
      return found(statement.nodes.filter(node => typeof node !== 'string'));
    case 'set':
      return found([statement.value], [], [statement.target]);
    case 'set-block':
      return found([statement.filter], [statement.inner.body], [statement.target]);
    case 'for': {
      const { iterable, test, loop, otherwise, target } = statement;
      return found([iterable, test], [loop.body, otherwise.body], [target]);
    }
    case 'if':
      return found(
        statement.branches.map(({ test }) => test),
        [...statement.branches.map(({ body }) => body), statement.otherwise],
      );
    case 'with':
      return found(statement.values, [statement.inner.body], statement.targets);
    case 'macro':
      return ofMacro(statement.macro);
    case 'call-block':
      return ofMacro(statement.caller, statement.call);
    case 'generation':
      return ofMacro(statement.caller);
    case 'filter-block':
      return found([statement.filter], [statement.inner.body]);
    case 'block':
      return found([], [statement.inner.body]);
    case 'autoescape':
      return found([statement.value], [statement.inner.body]);
    case 'load':
      return found([statement.template]);
    case 'break':
    case 'continue':
      return found([]);
  }
}

/** The names of a target of an assignment. */
export function targetNames(target: Expression): string[] {
  if (target.kind === 'tuple') return target.items.flatMap(targetNames);
  return target.kind === 'name' ? [target.name] : [];
}
