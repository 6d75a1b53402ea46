/** The operators of expressions, from the loosest. Follows "Expressions" of Jinja's template documentation. */
import type { Comparison, Expression } from './nodes.ts';
import { PrimaryParser } from './primary-parser.ts';

const COMPARISONS = ['==', '!=', '<', '<=', '>', '>='];

/** Deeper ones are refused, as Python's own parser does at about this depth. */
const DEEPEST = 100;

export class ExpressionParser extends PrimaryParser {
  #depth = 0;

  expression(withCondition = true): Expression {
    if (++this.#depth > DEEPEST) this.stream.fail('the expression is nested too deeply');
    const expression = withCondition ? this.#condition() : this.#or();
    this.#depth--;
    return expression;
  }

  #condition(): Expression {
    const { line } = this.stream.current;
    let then = this.#or();
    while (this.stream.skipName('if')) {
      const test = this.#or();
      const otherwise = this.stream.skipName('else') ? this.expression() : undefined;
      then = { kind: 'condition', test, then, otherwise, line };
    }
    return then;
  }

  #or(): Expression {
    let left = this.#and();
    while (this.stream.skipName('or')) left = { kind: 'or', left, right: this.#and(), line: left.line };
    return left;
  }

  #and(): Expression {
    let left = this.#not();
    while (this.stream.skipName('and')) left = { kind: 'and', left, right: this.#not(), line: left.line };
    return left;
  }

  #not(): Expression {
    const negations: number[] = [];
    while (this.stream.isName('not')) negations.push(this.stream.next().line);
    if (negations.length > DEEPEST) this.stream.fail('the expression is nested too deeply');
    const node = this.#compare();
    return negations.reduceRight<Expression>(
      (inner, line) => ({ kind: 'unary', operator: 'not', node: inner, line }),
      node,
    );
  }

  #compare(): Expression {
    const first = this.#sum();
    const rest: { operator: Comparison; node: Expression }[] = [];
    for (let operator = this.#comparison(); operator; operator = this.#comparison()) {
      rest.push({ operator, node: this.#sum() });
    }
    return rest.length > 0 ? { kind: 'compare', first, rest, line: first.line } : first;
  }

  #comparison(): Comparison | undefined {
    const { stream } = this;
    if (stream.is(...COMPARISONS)) return stream.next().type as Comparison;
    if (stream.skipName('in')) return 'in';
    const { type, value } = stream.following;
    if (!stream.isName('not') || type !== 'name' || value !== 'in') return undefined;
    stream.next();
    stream.next();
    return 'not in';
  }

  #sum(): Expression {
    let left = this.#concat();
    while (this.stream.is('+', '-')) {
      const operator = this.stream.next().type as '+' | '-';
      left = { kind: 'binary', operator, left, right: this.#concat(), line: left.line };
    }
    return left;
  }

  #concat(): Expression {
    const first = this.#product();
    if (!this.stream.is('~')) return first;
    const nodes = [first];
    while (this.stream.skipIf('~')) nodes.push(this.#product());
    return { kind: 'concat', nodes, line: first.line };
  }

  #product(): Expression {
    let left = this.#power();
    while (this.stream.is('*', '/', '//', '%')) {
      const operator = this.stream.next().type as '*' | '/' | '//' | '%';
      left = { kind: 'binary', operator, left, right: this.#power(), line: left.line };
    }
    return left;
  }

  /** From the left, other than in Python. */
  #power(): Expression {
    let left = this.unary();
    while (this.stream.skipIf('**'))
      left = { kind: 'binary', operator: '**', left, right: this.unary(), line: left.line };
    return left;
  }

  unary(withFilter = true): Expression {
    const { type, line } = this.stream.current;
    let node: Expression;
    if (type === '-' || type === '+') {
      this.stream.next();
      if (++this.#depth > DEEPEST) this.stream.fail('the expression is nested too deeply');
      node = { kind: 'unary', operator: type, node: this.unary(false), line };
      this.#depth--;
    } else {
      node = this.primary();
    }
    node = this.postfix(node);
    return withFilter ? this.filters(node) : node;
  }
}
