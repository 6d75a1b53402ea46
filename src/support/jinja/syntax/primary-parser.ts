/** Names, literals, and what may follow them: attributes, subscripts, calls, filters and tests. */
import type { Arguments, Expression, FilterNode, SliceNode } from './nodes.ts';
import type { TokenStream } from './token-stream.ts';

const CONSTANTS: Record<string, boolean | null> = {
  true: true,
  True: true,
  false: false,
  False: false,
  none: null,
  None: null,
};

/** Names that nothing can be assigned to. */
export const isConstantName = (name: string): boolean => Object.hasOwn(CONSTANTS, name);

export interface TupleOptions {
  /** Names and literals alone, as targets of assignments are. Default false. */
  isSimple?: boolean;
  /** Default true. */
  withCondition?: boolean;
  /** Parentheses are around it, so that it may be empty. Default false. */
  isBracketed?: boolean;
  /** `name.attribute` is a place in a namespace. Default false. */
  withNamespace?: boolean;
}

export abstract class PrimaryParser {
  constructor(readonly stream: TokenStream) {}

  abstract expression(withCondition?: boolean): Expression;

  primary(withNamespace = false): Expression {
    const { stream } = this;
    const { type, value, line } = stream.current;
    switch (type) {
      case 'name':
        return this.#name(withNamespace);
      case 'string': {
        let text = '';
        while (stream.is('string')) text += stream.next().value;
        return { kind: 'const', value: text, line };
      }
      case 'integer':
      case 'float':
        stream.next();
        return { kind: 'const', value, line };
      case '(': {
        stream.next();
        const inner = this.tuple({ isBracketed: true });
        stream.expect(')');
        return inner;
      }
      case '[':
        return this.#list();
      case '{':
        return this.#dict();
      default:
        return stream.unexpected();
    }
  }

  #name(withNamespace: boolean): Expression {
    const { value, line } = this.stream.next();
    const name = String(value);
    if (isConstantName(name)) return { kind: 'const', value: CONSTANTS[name], line };
    if (!withNamespace || !this.stream.skipIf('.')) return { kind: 'name', name, line };
    return { kind: 'namespace-attribute', name, attribute: String(this.stream.expect('name').value), line };
  }

  tuple(options: TupleOptions = {}): Expression {
    const { isSimple = false, withCondition = true, isBracketed = false, withNamespace = false } = options;
    const { stream } = this;
    const { line } = stream.current;
    const items: Expression[] = [];
    let isTuple = false;
    while (true) {
      if (items.length > 0) stream.expect(',');
      if (stream.is('variable_end', 'block_end', ')')) break;
      items.push(isSimple ? this.primary(withNamespace) : this.expression(withCondition));
      if (!stream.is(',')) break;
      isTuple = true;
    }
    if (!isTuple) {
      if (items.length > 0) return items[0];
      if (!isBracketed) stream.fail('Expected an expression');
    }
    return { kind: 'tuple', items, line };
  }

  #list(): Expression {
    const { line } = this.stream.expect('[');
    const items = this.#separated(']', () => this.expression());
    return { kind: 'list', items, line };
  }

  #dict(): Expression {
    const { line } = this.stream.expect('{');
    const pairs = this.#separated('}', (): [Expression, Expression] => {
      const key = this.expression();
      this.stream.expect(':');
      return [key, this.expression()];
    });
    return { kind: 'dict', pairs, line };
  }

  /** Until the closing bracket; a comma may be last. */
  #separated<T>(end: string, parse: () => T): T[] {
    const parts: T[] = [];
    while (!this.stream.is(end)) {
      if (parts.length > 0) this.stream.expect(',');
      if (this.stream.is(end)) break;
      parts.push(parse());
    }
    this.stream.expect(end);
    return parts;
  }

  protected postfix(node: Expression): Expression {
    let result = node;
    while (true) {
      if (this.stream.is('.')) result = this.#attribute(result);
      else if (this.stream.is('[')) result = this.#subscript(result);
      else if (this.stream.is('(')) result = this.#call(result);
      else return result;
    }
  }

  protected filters(node: Expression): Expression {
    let result = node;
    while (true) {
      if (this.stream.is('|')) result = this.filter(result)!;
      else if (this.stream.isName('is')) result = this.#test(result);
      else if (this.stream.is('(')) result = this.#call(result);
      else return result;
    }
  }

  #attribute(node: Expression): Expression {
    const { line } = this.stream.next();
    const { type, value } = this.stream.next();
    if (type === 'name') return { kind: 'attribute', node, name: String(value), line };
    if (type !== 'integer') this.stream.fail('expected name or number', line);
    return { kind: 'item', node, key: { kind: 'const', value, line }, line };
  }

  #subscript(node: Expression): Expression {
    const { line } = this.stream.next();
    const keys: (Expression | SliceNode)[] = [];
    while (!this.stream.is(']')) {
      if (keys.length > 0) this.stream.expect(',');
      keys.push(this.#subscribed());
    }
    this.stream.expect(']');
    return { kind: 'item', node, key: keys.length === 1 ? keys[0] : { kind: 'tuple', items: keys, line }, line };
  }

  #subscribed(): Expression | SliceNode {
    const { stream } = this;
    const { line } = stream.current;
    const bound = (): Expression | undefined => (stream.is(':', ']', ',') ? undefined : this.expression());
    const start = stream.is(':') ? undefined : this.expression();
    if (!stream.skipIf(':')) return start!;
    const stop = bound();
    const step = stream.skipIf(':') ? (stream.is(']', ',') ? undefined : this.expression()) : undefined;
    return { kind: 'slice', start, stop, step, line };
  }

  #call(node: Expression): Expression {
    const { line } = this.stream.current;
    return { kind: 'call', node, ...this.#arguments(), line };
  }

  #arguments(): Arguments {
    const { stream } = this;
    const { line } = stream.expect('(');
    const given: Arguments = { args: [], kwargs: [], rest: undefined, named: undefined };
    const ensure = (isValid: boolean): void => {
      if (!isValid) stream.fail('invalid syntax for function call expression', line);
    };
    while (!stream.is(')')) {
      if (stream.skipIf('*')) {
        ensure(!given.rest && !given.named);
        given.rest = this.expression();
      } else if (stream.skipIf('**')) {
        ensure(!given.named);
        given.named = this.expression();
      } else if (stream.is('name') && stream.following.type === '=') {
        ensure(!given.named);
        const name = String(stream.next().value);
        stream.next();
        if (given.kwargs.some(other => other.name === name)) stream.fail(`keyword argument repeated: ${name}`, line);
        given.kwargs.push({ name, value: this.expression() });
      } else {
        ensure(!given.rest && !given.named && given.kwargs.length === 0);
        given.args.push(this.expression());
      }
      if (!stream.is(')')) stream.expect(',');
    }
    stream.expect(')');
    return given;
  }

  /** `|name(…)` as often as it follows; a filter block begins with the name. */
  filter(node: Expression | undefined, startsInline = false): FilterNode | undefined {
    let result = node;
    let isFirst = startsInline;
    while (isFirst || this.stream.is('|')) {
      if (!isFirst) this.stream.next();
      const { line } = this.stream.current;
      const name = this.#dottedName();
      result = { kind: 'filter', node: result, name, ...this.#optionalArguments(), line };
      isFirst = false;
    }
    return result as FilterNode | undefined;
  }

  #dottedName(): string {
    let name = String(this.stream.expect('name').value);
    while (this.stream.skipIf('.')) name += `.${this.stream.expect('name').value}`;
    return name;
  }

  #optionalArguments(): Arguments {
    return this.stream.is('(') ? this.#arguments() : { args: [], kwargs: [], rest: undefined, named: undefined };
  }

  #test(node: Expression): Expression {
    const { stream } = this;
    const { line } = stream.next();
    const isNegated = stream.skipName('not');
    const name = this.#dottedName();
    const given = this.#testArguments();
    const test: Expression = { kind: 'test', node, name, ...given, line };
    return isNegated ? { kind: 'unary', operator: 'not', node: test, line } : test;
  }

  /** Arguments in parentheses, or one without them. */
  #testArguments(): Arguments {
    const { stream } = this;
    const hasOne = stream.is('name', 'string', 'integer', 'float', '[', '{') && !stream.isName('else', 'or', 'and');
    if (!hasOne) return this.#optionalArguments();
    if (stream.isName('is')) stream.fail('You cannot chain multiple tests with is');
    return { args: [this.postfix(this.primary())], kwargs: [], rest: undefined, named: undefined };
  }
}
