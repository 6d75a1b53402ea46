/** Expressions: their values, and how they reach into values as Jinja's sandbox allows. */
import { TemplateError, typeError } from '../errors.ts';
import type { FilterContext } from '../filters/filter.ts';
import { binary, negate, positive } from '../python/arithmetic.ts';
import { attributeOf, isSafeAttribute } from '../python/attributes.ts';
import { equals, ordered, truth } from '../python/compare.ts';
import { Dict } from '../python/dict.ts';
import { escapeHtml } from '../python/escape.ts';
import { contains, items } from '../python/iterate.ts';
import { repr, str } from '../python/repr.ts';
import { item, type Slice, slice } from '../python/subscript.ts';
import {
  isStr,
  type Kwargs,
  Markup,
  PyFunction,
  Tuple,
  textOf,
  typeName,
  Undefined,
  type Value,
} from '../python/values.ts';
import type { Arguments, CallNode, Comparison, Expression, FilterNode, SliceNode } from '../syntax/nodes.ts';
import type { Environment } from './environment.ts';
import type { Frame } from './frame.ts';
import { isCallable } from './objects.ts';

const NO_KWARGS: Kwargs = new Map();

export class Evaluator implements FilterContext {
  /** Whether output is made HTML at this moment. */
  escapes = false;

  constructor(readonly environment: Environment) {}

  evaluate(node: Expression, frame: Frame): Value {
    switch (node.kind) {
      case 'const':
        return node.value;
      case 'name':
        return frame.get(node.name) ?? this.#orNone(node.name, frame);
      case 'tuple':
        return new Tuple(node.items.map(part => this.evaluate(part, frame)));
      case 'list':
        return node.items.map(part => this.evaluate(part, frame));
      case 'dict':
        return Dict.of(node.pairs.map(([key, value]) => [this.evaluate(key, frame), this.evaluate(value, frame)]));
      case 'condition':
        if (truth(this.evaluate(node.test, frame))) return this.evaluate(node.then, frame);
        return node.otherwise ? this.evaluate(node.otherwise, frame) : withoutElse();
      case 'binary':
        return binary(this.evaluate(node.left, frame), node.operator, this.evaluate(node.right, frame));
      case 'unary':
        return this.#unary(node.operator, this.evaluate(node.node, frame));
      case 'and': {
        const left = this.evaluate(node.left, frame);
        return truth(left) ? this.evaluate(node.right, frame) : left;
      }
      case 'or': {
        const left = this.evaluate(node.left, frame);
        return truth(left) ? left : this.evaluate(node.right, frame);
      }
      case 'compare':
        return this.#compare(node, frame);
      case 'concat':
        return this.#concat(node, frame);
      case 'attribute':
        return this.attribute(this.evaluate(node.node, frame), node.name);
      case 'item':
        return this.#subscript(this.evaluate(node.node, frame), node.key, frame);
      case 'call':
        return this.evaluateCall(node, frame);
      case 'filter':
        return this.filter(node, this.evaluate(node.node!, frame), frame);
      case 'test':
        return this.#test(node, frame);
      case 'slice':
      case 'namespace-attribute':
        throw new TemplateError(`a ${node.kind} has no value`, { line: node.line });
    }
  }

  /** None, or what stands for a name that holds nothing. */
  #orNone(name: string, frame: Frame): Value {
    return frame.get(name) === null ? null : this.undefined(`'${name}' is undefined`);
  }

  undefined(message: string): Undefined {
    return new Undefined(() => new TemplateError(message), this.environment.isStrict);
  }

  #unary(operator: '+' | '-' | 'not', value: Value): Value {
    if (operator === 'not') return !truth(value);
    return operator === '-' ? negate(value) : positive(value);
  }

  #compare({ first, rest }: Extract<Expression, { kind: 'compare' }>, frame: Frame): boolean {
    let left = this.evaluate(first, frame);
    for (const { operator, node } of rest) {
      const right = this.evaluate(node, frame);
      if (!compare(left, operator, right)) return false;
      left = right;
    }
    return true;
  }

  #concat({ nodes, escapes }: Extract<Expression, { kind: 'concat' }>, frame: Frame): Value {
    const values = nodes.map(node => this.evaluate(node, frame));
    if (escapes !== true || !values.some(value => value instanceof Markup)) return concatenated(values);
    // What stands before the first HTML is escaped as it joins it.
    return new Markup(values.map(value => escapeHtml(value).text).join(''));
  }

  /** `value.name`: an attribute, else an item. */
  attribute(value: Value, name: string): Value {
    if (value instanceof Undefined) throw value.reason();
    const found = attributeOf(value, name, this);
    if (found !== undefined) return this.#safe(value, name, found);
    const entry = item(value, name);
    return entry === undefined ? this.#orMissing(value, name) : entry;
  }

  /** `value[key]`: an item, else an attribute. */
  item(value: Value, key: Value): Value {
    if (value instanceof Undefined) throw value.reason();
    const found = item(value, key);
    if (found !== undefined) return found;
    if (isStr(key)) {
      const attribute = attributeOf(value, textOf(key), this);
      if (attribute !== undefined) return this.#safe(value, textOf(key), attribute);
    }
    return this.#orMissing(value, key);
  }

  #safe(value: Value, name: string, found: Value): Value {
    if (isSafeAttribute(value, name, this.environment.isMutable)) return found;
    return this.undefined(`access to attribute ${repr(name)} of '${typeName(value)}' object is unsafe.`);
  }

  #orMissing(value: Value, key: Value): Undefined {
    const owner = value === null ? 'None' : `${typeName(value)} object`;
    return this.undefined(
      isStr(key) ? `'${owner}' has no attribute ${repr(key)}` : `${owner} has no element ${repr(key)}`,
    );
  }

  #subscript(value: Value, key: Expression | SliceNode, frame: Frame): Value {
    if (key.kind !== 'slice') return this.item(value, this.#key(key, frame));
    return slice(value, this.#slice(key, frame));
  }

  /** Jinja has no slices beside other keys. */
  #key(key: Expression, frame: Frame): Value {
    if (key.kind === 'tuple' && key.items.some(part => part.kind === 'slice')) {
      throw new TemplateError('invalid syntax: a slice among other keys', { line: key.line });
    }
    return this.evaluate(key, frame);
  }

  #slice({ start, stop, step }: SliceNode, frame: Frame): Slice {
    const bound = (node: Expression | undefined): Value => (node ? this.evaluate(node, frame) : null);
    return { start: bound(start), stop: bound(stop), step: bound(step) };
  }

  evaluateCall(node: CallNode, frame: Frame, extra?: [name: string, value: Value]): Value {
    const callee = this.evaluate(node.node, frame);
    const { args, kwargs } = this.#arguments(node, frame, extra);
    return this.call(callee, args, kwargs);
  }

  call(callee: Value, args: Value[], kwargs: Kwargs = NO_KWARGS): Value {
    if (callee instanceof PyFunction || isCallable(callee)) return callee.call(args, kwargs);
    if (callee instanceof Undefined) throw callee.reason();
    throw typeError(`'${typeName(callee)}' object is not callable`);
  }

  #arguments(node: Arguments, frame: Frame, extra?: [string, Value]): { args: Value[]; kwargs: Kwargs } {
    const args = node.args.map(argument => this.evaluate(argument, frame));
    if (node.kwargs.length === 0 && !node.rest && !node.named && !extra) return { args, kwargs: NO_KWARGS };
    const kwargs = new Map(node.kwargs.map(({ name, value }) => [name, this.evaluate(value, frame)]));
    if (extra) kwargs.set(...extra);
    if (node.rest) args.push(...items(this.evaluate(node.rest, frame)));
    if (node.named) {
      const named = this.evaluate(node.named, frame);
      if (!(named instanceof Dict)) throw typeError(`argument after ** must be a mapping, not ${typeName(named)}`);
      for (const [key, value] of named.entries()) {
        if (!isStr(key)) throw typeError('keywords must be strings');
        if (kwargs.has(textOf(key))) throw typeError(`got multiple values for keyword argument ${repr(key)}`);
        kwargs.set(textOf(key), value);
      }
    }
    return { args, kwargs };
  }

  /** @param value what stands before the bar, or the text of a filter block */
  filter(node: FilterNode, value: Value, frame: Frame): Value {
    const { args, kwargs } = this.#arguments(node, frame);
    return this.callFilter(node.name, value, args, kwargs);
  }

  /** The filters of `{% filter a|b %}`, of which the innermost takes the text. */
  filterChain(node: FilterNode, text: Value, frame: Frame): Value {
    const inner = node.node === undefined ? text : this.filterChain(node.node as FilterNode, text, frame);
    return this.filter(node, inner, frame);
  }

  callFilter(name: Value, value: Value, args: Value[], kwargs: Kwargs): Value {
    const filter = isStr(name) ? this.environment.filters.get(textOf(name)) : undefined;
    if (!filter) throw new TemplateError(`No filter named ${repr(name)}.`);
    return filter(this, [value, ...args], kwargs);
  }

  #test(node: Extract<Expression, { kind: 'test' }>, frame: Frame): Value {
    const value = this.evaluate(node.node, frame);
    const { args, kwargs } = this.#arguments(node, frame);
    return this.callTest(node.name, value, args, kwargs);
  }

  callTest(name: Value, value: Value, args: Value[], kwargs: Kwargs): Value {
    const test = isStr(name) ? this.environment.tests.get(textOf(name)) : undefined;
    if (!test) throw new TemplateError(`No test named ${repr(name)}.`);
    return test(this, [value, ...args], kwargs);
  }

  hasFilter(name: string): boolean {
    return this.environment.filters.has(name);
  }

  hasTest(name: string): boolean {
    return this.environment.tests.has(name);
  }

  randomBelow(n: number): number {
    return this.environment.random.below(n);
  }
}

/** By adding, which does not copy: a text that grows in a loop stays cheap. */
function concatenated(values: readonly Value[]): string {
  let text = '';
  for (const value of values) text += str(value);
  return text;
}

/** Never strict, whatever other names are. */
const withoutElse = (): Undefined =>
  new Undefined(
    () => new TemplateError('the inline if-expression evaluated to false and no else section was defined.'),
  );

function compare(left: Value, operator: Comparison, right: Value): boolean {
  switch (operator) {
    case '==':
      return equals(left, right);
    case '!=':
      return !equals(left, right);
    case 'in':
      return contains(right, left);
    case 'not in':
      return !contains(right, left);
    default:
      return ordered(left, operator, right);
  }
}
