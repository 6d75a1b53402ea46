/** The syntax tree of a template. */
import type { Operator } from '../python/arithmetic.ts';
import type { Ordering } from '../python/compare.ts';
import type { Scope } from './scope.ts';

interface At {
  line: number;
}

export interface Arguments {
  args: Expression[];
  kwargs: { name: string; value: Expression }[];
  /** `*values`. */
  rest: Expression | undefined;
  /** `**values`. */
  named: Expression | undefined;
}

export type Comparison = '==' | '!=' | Ordering | 'in' | 'not in';

export type FilterNode = At & { kind: 'filter'; node: Expression | undefined; name: string } & Arguments;

export type CallNode = At & { kind: 'call'; node: Expression } & Arguments;

export type SliceNode = At & {
  kind: 'slice';
  start: Expression | undefined;
  stop: Expression | undefined;
  step: Expression | undefined;
};

export type Expression = At &
  (
    | { kind: 'const'; value: null | boolean | bigint | number | string }
    | { kind: 'name'; name: string }
    | { kind: 'namespace-attribute'; name: string; attribute: string }
    | { kind: 'tuple' | 'list'; items: Expression[] }
    | { kind: 'dict'; pairs: [key: Expression, value: Expression][] }
    | { kind: 'condition'; test: Expression; then: Expression; otherwise: Expression | undefined }
    | { kind: 'binary'; operator: Operator; left: Expression; right: Expression }
    | { kind: 'unary'; operator: '+' | '-' | 'not'; node: Expression }
    | { kind: 'and' | 'or'; left: Expression; right: Expression }
    | { kind: 'compare'; first: Expression; rest: { operator: Comparison; node: Expression }[] }
    | { kind: 'concat'; nodes: Expression[]; escapes?: Escapes }
    | { kind: 'attribute'; node: Expression; name: string }
    | { kind: 'item'; node: Expression; key: Expression | SliceNode }
    | SliceNode
    | CallNode
    | FilterNode
    | ({ kind: 'test'; node: Expression; name: string } & Arguments)
  );

/** Whether output is made HTML: known from the template, or only as it is rendered. */
export type Escapes = boolean | 'unknown';

/** A body of its own names: what it stores does not leave it. */
export interface Body {
  body: Statement[];
  scope?: Scope;
}

export interface Parameters {
  parameters: string[];
  /** Of the last parameters. */
  defaults: Expression[];
}

/** What `{% macro %}` and `{% call %}` define. */
export interface MacroDefinition extends Body, Parameters {
  /** The names that its body uses without storing them. */
  uses?: Set<'caller' | 'kwargs' | 'varargs'>;
}

export type ForNode = At & {
  kind: 'for';
  target: Expression;
  iterable: Expression;
  test: Expression | undefined;
  isRecursive: boolean;
  loop: Body;
  otherwise: Body;
  testScope?: Scope;
};

export type Statement = At &
  (
    | { kind: 'output'; nodes: (string | Expression)[]; escapes?: Escapes }
    | { kind: 'set'; target: Expression; value: Expression }
    | { kind: 'set-block'; target: Expression; filter: FilterNode | undefined; inner: Body }
    | ForNode
    | { kind: 'if'; branches: { test: Expression; body: Statement[] }[]; otherwise: Statement[] }
    | { kind: 'with'; targets: Expression[]; values: Expression[]; inner: Body }
    | { kind: 'macro'; name: string; macro: MacroDefinition }
    | { kind: 'call-block'; call: CallNode; caller: MacroDefinition }
    | { kind: 'generation'; caller: MacroDefinition }
    | { kind: 'filter-block'; filter: FilterNode; inner: Body }
    | { kind: 'block'; name: string; isScoped: boolean; isRequired: boolean; inner: Body }
    | { kind: 'autoescape'; value: Expression; inner: Body }
    | { kind: 'break' | 'continue' }
    /** `extends`, `include`, `import` and `from`: there is no loader, so that these raise when they are reached. */
    | { kind: 'load'; tag: string; template: Expression; targets: string[] }
  );

export interface Program extends Body {
  blocks: Map<string, Extract<Statement, { kind: 'block' }>>;
}
