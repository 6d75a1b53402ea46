/** Statements and text. Follows "List of Control Structures" of Jinja's template documentation, with loop controls. */
import { ExpressionParser } from './expression-parser.ts';
import { type LexerOptions, tokenize } from './lexer.ts';
import type { Body, Expression, MacroDefinition, Parameters, Program, Statement } from './nodes.ts';
import { isConstantName } from './primary-parser.ts';
import { TokenStream } from './token-stream.ts';

export interface ParserOptions extends LexerOptions {
  /** `{% break %}` and `{% continue %}` are known. Default false. */
  loopControls?: boolean;
  /** `{% generation %}` is known, which Transformers adds. Default false. */
  generation?: boolean;
}

/** How deep tags may lie in each other, and of those the ones that indent Python's code: it has at most 100 levels. */
const DEEPEST = 245;
const MOST_INDENTS = 98;
const INDENTING = new Set(['if', 'for', 'macro', 'call', 'generation']);

/** @throws TemplateError with the line of what is not a template */
export function parse(template: string, options: ParserOptions = {}): Program {
  return new Parser(template, options).program();
}

class Parser {
  readonly #stream: TokenStream;
  readonly #expressions: ExpressionParser;
  readonly #options: ParserOptions;
  readonly #blocks: Program['blocks'] = new Map();
  /** The tags that are open, outermost first. */
  readonly #open: string[] = [];

  constructor(template: string, options: ParserOptions) {
    this.#stream = new TokenStream(tokenize(template, options));
    this.#expressions = new ExpressionParser(this.#stream);
    this.#options = options;
  }

  program(): Program {
    return { body: this.#statements([]), blocks: this.#blocks };
  }

  /** Until a tag that is one of `ends`, which is then current, or the end of the template. */
  #statements(ends: readonly string[]): Statement[] {
    const stream = this.#stream;
    const statements: Statement[] = [];
    let output: Extract<Statement, { kind: 'output' }> | undefined;
    const add = (node: string | Expression, line: number): void => {
      if (!output) {
        output = { kind: 'output', nodes: [], line };
        statements.push(output);
      }
      output.nodes.push(node);
    };
    while (!stream.is('eof')) {
      const { type, value, line } = stream.next();
      if (type === 'data') {
        add(String(value), line);
      } else if (type === 'variable_begin') {
        add(this.#expressions.tuple(), line);
        stream.expect('variable_end');
      } else {
        output = undefined;
        if (stream.isName(...ends)) return statements;
        statements.push(this.#statement());
        stream.expect('block_end');
      }
    }
    if (ends.length > 0) {
      stream.fail(`Unexpected end of template. Jinja was looking for the following tags: ${ends.join(' or ')}.`);
    }
    return statements;
  }

  #statement(): Statement {
    const stream = this.#stream;
    if (!stream.is('name')) stream.fail('tag name expected');
    const tag = String(stream.current.value);
    const parse = this.#parserOf(tag);
    if (!parse)
      return stream.fail(
        `Encountered unknown tag '${tag}'.${this.#open.length ? ` '${this.#open.at(-1)}' is open.` : ''}`,
      );
    const { line } = stream.next();
    this.#open.push(tag);
    const indents = this.#open.length > MOST_INDENTS ? this.#open.filter(name => INDENTING.has(name)).length : 0;
    if (this.#open.length > DEEPEST || indents > MOST_INDENTS) stream.fail('the template is nested too deeply');
    const statement = parse(line, tag);
    this.#open.pop();
    return statement;
  }

  #parserOf(tag: string): ((line: number, tag: string) => Statement) | undefined {
    switch (tag) {
      case 'if':
        return line => this.#if(line);
      case 'for':
        return line => this.#for(line);
      case 'set':
        return line => this.#set(line);
      case 'macro':
        return line => this.#macro(line);
      case 'call':
        return line => this.#callBlock(line);
      case 'filter':
        return line => this.#filterBlock(line);
      case 'with':
        return line => this.#with(line);
      case 'block':
        return line => this.#block(line);
      case 'print':
        return line => this.#print(line);
      case 'autoescape':
        return line => ({ kind: 'autoescape', value: this.#expressions.expression(), inner: this.#inner(tag), line });
      case 'include':
      case 'import':
      case 'from':
      case 'extends':
        return line => this.#load(line, tag);
      case 'generation':
        return this.#options.generation ? line => this.#generation(line) : undefined;
      case 'break':
      case 'continue':
        return this.#options.loopControls ? line => ({ kind: tag, line }) : undefined;
      default:
        return undefined;
    }
  }

  /** The statements of a tag's body; the colon that Python has there is allowed. */
  #body(...ends: string[]): Statement[] {
    this.#stream.skipIf(':');
    this.#stream.expect('block_end');
    return this.#statements(ends);
  }

  /** A body to its end, which is skipped. */
  #inner(tag: string): Body {
    const body = this.#body(`end${tag}`);
    this.#stream.next();
    return { body };
  }

  #if(line: number): Statement {
    const branches: { test: Expression; body: Statement[] }[] = [];
    while (true) {
      const test = this.#expressions.tuple({ withCondition: false });
      branches.push({ test, body: this.#body('elif', 'else', 'endif') });
      const end = this.#stream.next().value;
      if (end === 'elif') continue;
      return { kind: 'if', branches, otherwise: end === 'else' ? this.#inner('if').body : [], line };
    }
  }

  #for(line: number): Statement {
    const stream = this.#stream;
    const target = this.#target();
    stream.expectName('in');
    const iterable = this.#expressions.tuple({ withCondition: false });
    const test = stream.skipName('if') ? this.#expressions.expression() : undefined;
    const isRecursive = stream.skipName('recursive');
    const loop = { body: this.#body('endfor', 'else') };
    const otherwise = stream.next().value === 'else' ? this.#inner('for') : { body: [] };
    return { kind: 'for', target, iterable, test, isRecursive, loop, otherwise, line };
  }

  #set(line: number): Statement {
    const target = this.#target({ withNamespace: true });
    if (this.#stream.skipIf('=')) return { kind: 'set', target, value: this.#expressions.tuple(), line };
    const filter = this.#expressions.filter(undefined);
    return { kind: 'set-block', target, filter, inner: this.#inner('set'), line };
  }

  #target(options: { withNamespace?: boolean } = {}): Expression {
    const target = this.#expressions.tuple({ isSimple: true, ...options });
    if (!isTarget(target)) this.#stream.fail(`can't assign to '${target.kind}'`, target.line);
    return target;
  }

  #targetName(): string {
    const name = String(this.#stream.expect('name').value);
    if (isConstantName(name)) this.#stream.fail(`can't assign to '${name}'`);
    return name;
  }

  #with(line: number): Statement {
    const targets: Expression[] = [];
    const values: Expression[] = [];
    while (!this.#stream.is('block_end')) {
      if (targets.length > 0) this.#stream.expect(',');
      targets.push(this.#target());
      this.#stream.expect('=');
      values.push(this.#expressions.expression());
    }
    return { kind: 'with', targets, values, inner: this.#inner('with'), line };
  }

  #parameters(): Parameters {
    const stream = this.#stream;
    const parameters: string[] = [];
    const defaults: Expression[] = [];
    stream.expect('(');
    while (!stream.is(')')) {
      if (parameters.length > 0) stream.expect(',');
      const name = this.#targetName();
      if (parameters.includes(name)) stream.fail(`duplicate argument '${name}'`);
      if (stream.skipIf('=')) defaults.push(this.#expressions.expression());
      else if (defaults.length > 0) stream.fail('non-default argument follows default argument');
      parameters.push(name);
    }
    stream.expect(')');
    return { parameters, defaults };
  }

  #macro(line: number): Statement {
    const name = this.#targetName();
    const macro: MacroDefinition = { ...this.#parameters(), ...this.#inner('macro') };
    return { kind: 'macro', name, macro, line };
  }

  #callBlock(line: number): Statement {
    const parameters = this.#stream.is('(') ? this.#parameters() : { parameters: [], defaults: [] };
    const call = this.#expressions.expression();
    if (call.kind !== 'call') this.#stream.fail('expected call', line);
    return { kind: 'call-block', call, caller: { ...parameters, ...this.#inner('call') }, line };
  }

  #generation(line: number): Statement {
    return { kind: 'generation', caller: { parameters: [], defaults: [], ...this.#inner('generation') }, line };
  }

  #filterBlock(line: number): Statement {
    const filter = this.#expressions.filter(undefined, true)!;
    return { kind: 'filter-block', filter, inner: this.#inner('filter'), line };
  }

  #block(line: number): Statement {
    const stream = this.#stream;
    const name = String(stream.expect('name').value);
    const isScoped = stream.skipName('scoped');
    const isRequired = stream.skipName('required');
    if (stream.is('-')) stream.fail('Block names may not contain hyphens, use an underscore instead.');
    if (this.#blocks.has(name)) stream.fail(`block '${name}' defined twice`);
    const block: Statement = { kind: 'block', name, isScoped, isRequired, inner: { body: [] }, line };
    this.#blocks.set(name, block);
    block.inner = this.#inner('block');
    if (isRequired && !block.inner.body.every(isBlank)) {
      stream.fail('Required blocks can only contain comments or whitespace', line);
    }
    stream.skipName(name);
    return block;
  }

  #print(line: number): Statement {
    const nodes: Expression[] = [];
    while (!this.#stream.is('block_end')) {
      if (nodes.length > 0) this.#stream.expect(',');
      nodes.push(this.#expressions.expression());
    }
    return { kind: 'output', nodes, line };
  }

  #load(line: number, tag: string): Statement {
    const stream = this.#stream;
    const template = this.#expressions.expression();
    const targets: string[] = [];
    if (tag === 'include' && stream.isName('ignore') && stream.following.value === 'missing') {
      stream.next();
      stream.next();
    }
    if (tag === 'import') {
      stream.expectName('as');
      targets.push(this.#targetName());
    }
    if (tag === 'from') targets.push(...this.#importedNames());
    if (tag !== 'extends') this.#skipContext();
    return { kind: 'load', tag, template, targets, line };
  }

  #importedNames(): string[] {
    const stream = this.#stream;
    stream.expectName('import');
    const names: string[] = [];
    do {
      if (this.#skipContext()) break;
      const name = this.#targetName();
      if (name.startsWith('_')) stream.fail('names starting with an underline can not be imported');
      names.push(stream.skipName('as') ? this.#targetName() : name);
    } while (stream.skipIf(','));
    return names;
  }

  /** `with context` or `without context`. */
  #skipContext(): boolean {
    const stream = this.#stream;
    if (!stream.isName('with', 'without') || stream.following.value !== 'context') return false;
    stream.next();
    stream.next();
    return true;
  }
}

function isTarget(node: Expression): boolean {
  if (node.kind === 'tuple') return node.items.every(isTarget);
  return node.kind === 'name' || node.kind === 'namespace-attribute';
}

const isBlank = (statement: Statement): boolean =>
  statement.kind === 'output' && statement.nodes.every(node => typeof node === 'string' && node.trim() === '');
