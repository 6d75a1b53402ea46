/** Tests, what stands after `is`: "List of Builtin Tests" of Jinja's template documentation. */
import { binary } from '../python/arithmetic.ts';
import { equals, type Ordering, ordered } from '../python/compare.ts';
import { Dict, DictView } from '../python/dict.ts';
import { contains, isIterable, lengthOf } from '../python/iterate.ts';
import { str } from '../python/repr.ts';
import { isLower, isUpper } from '../python/unicode.ts';
import {
  Bytes,
  isNumber,
  isStr,
  Markup,
  PyFunction,
  PyObject,
  Range,
  Tuple,
  textOf,
  Undefined,
  type Value,
} from '../python/values.ts';
import { type FilterContext, filter, type Test } from './filter.ts';

const test = (name: string, body: (value: Value, context: FilterContext) => boolean): Test =>
  filter(name, 'value', (context, value) => body(value, context));

const compared = (name: string, body: (a: Value, b: Value) => boolean): Test =>
  filter(name, 'a b /', (_, a, b) => body(a, b));

const order = (operator: Ordering): Test => compared(operator, (a, b) => ordered(a, operator, b));

const equal = compared('eq', equals);
const unequal = compared('ne', (a, b) => !equals(a, b));
const remainder = (value: Value, by: Value): Value => binary(value, '%', by);

/** Whether items can be asked for by position or key. */
function isSequence(value: Value): boolean {
  if (value instanceof DictView) return false;
  const kinds = [Tuple, Dict, Markup, Range, Bytes, Undefined];
  if (value instanceof PyObject && !kinds.some(kind => value instanceof kind)) return false;
  if (value instanceof Undefined && value.isStrict) return false;
  return lengthOf(value) !== undefined;
}

export const TESTS: Record<string, Test> = {
  odd: test('odd', value => equals(remainder(value, 2n), 1n)),
  even: test('even', value => equals(remainder(value, 2n), 0n)),
  divisibleby: filter('divisibleby', 'value num', (_, value, by) => equals(remainder(value, by), 0n)),
  defined: test('defined', value => !(value instanceof Undefined)),
  undefined: test('undefined', value => value instanceof Undefined),
  none: test('none', value => value === null),
  boolean: test('boolean', value => typeof value === 'boolean'),
  true: test('true', value => value === true),
  false: test('false', value => value === false),
  integer: test('integer', value => typeof value === 'bigint'),
  float: test('float', value => typeof value === 'number'),
  number: test('number', isNumber),
  string: test('string', isStr),
  mapping: test('mapping', value => value instanceof Dict),
  sequence: test('sequence', isSequence),
  iterable: test('iterable', isIterable),
  callable: filter('callable', 'obj /', (_, value) => isCallableValue(value)),
  lower: test('lower', value => isLower(str(value))),
  upper: test('upper', value => isUpper(str(value))),
  escaped: test('escaped', value => value instanceof Markup),
  sameas: filter('sameas', 'value other', (_, value, other) => Object.is(value, other)),
  in: filter('in', 'value seq', (_, value, container) => contains(container, value)),
  filter: test('filter', (value, context) => isStr(value) && context.hasFilter(textOf(value))),
  test: test('test', (value, context) => isStr(value) && context.hasTest(textOf(value))),
  eq: equal,
  equalto: equal,
  '==': equal,
  ne: unequal,
  '!=': unequal,
  lt: order('<'),
  lessthan: order('<'),
  '<': order('<'),
  le: order('<='),
  '<=': order('<='),
  gt: order('>'),
  greaterthan: order('>'),
  '>': order('>'),
  ge: order('>='),
  '>=': order('>='),
};

const isCallableValue = (value: Value): boolean =>
  value instanceof PyFunction || value instanceof Undefined || (value instanceof PyObject && 'call' in value);
