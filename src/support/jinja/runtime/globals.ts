/** The functions that every template has: "List of Global Functions" of Jinja's documentation, without `lipsum`. */
import { typeError, valueError } from '../errors.ts';
import { Dict } from '../python/dict.ts';
import { pairs } from '../python/methods.ts';
import { bind, signature } from '../python/signature.ts';
import { isInt, type Kwargs, PyFunction, Range, typeName, type Value } from '../python/values.ts';
import { Cycler, Joiner, Namespace } from './objects.ts';

/** The longest range that Jinja's sandbox allows. */
const LONGEST_RANGE = 100_000;

function range(args: Value[], kwargs: Kwargs): Value {
  if (kwargs.size > 0) throw typeError('range() takes no keyword arguments');
  if (args.length === 0 || args.length > 3) throw typeError(`range expected 1 to 3 arguments, got ${args.length}`);
  const [first, second, third] = args.map(value => {
    if (!isInt(value)) throw typeError(`'${typeName(value)}' object cannot be interpreted as an integer`);
    return BigInt(value);
  });
  if (third === 0n) throw valueError('range() arg 3 must not be zero');
  const made = second === undefined ? new Range(0n, first, 1n) : new Range(first, second, third ?? 1n);
  if (made.length > LONGEST_RANGE) {
    throw valueError(`Range too big. The sandbox blocks ranges larger than ${LONGEST_RANGE}.`);
  }
  return made;
}

/** What `dict()` and `namespace()` make of a dict or pairs, and names. */
function dict(args: Value[], kwargs: Kwargs): Dict {
  if (args.length > 1) throw typeError(`dict expected at most 1 argument, got ${args.length}`);
  const made = args.length > 0 ? Dict.of(pairs(args[0])) : new Dict();
  for (const [name, value] of kwargs) made.set(name, value);
  return made;
}

function withoutNames(name: string, kwargs: Kwargs): void {
  if (kwargs.size > 0) throw typeError(`${name}() takes no keyword arguments`);
}

const joiner = signature('sep?');

/** A class: Python shows those differently from functions. */
class PyClass extends PyFunction {
  override readonly typeName = 'type';

  repr(): string {
    return `<class '${this.name}'>`;
  }

  override attribute(name: string): Value | undefined {
    if (this.name !== 'dict' || name !== 'fromkeys') return undefined;
    return new PyFunction(name, ([keys, value = null]) => Dict.of(Array.from(pairsOf(keys, value))));
  }
}

function* pairsOf(keys: Value, value: Value): Generator<[Value, Value]> {
  if (!Array.isArray(keys)) throw typeError(`'${typeName(keys)}' object is not iterable`);
  for (const key of keys) yield [key, value];
}

export const GLOBALS: Record<string, PyFunction> = {
  range: new PyFunction('range', range),
  dict: new PyClass('dict', dict),
  namespace: new PyClass('jinja2.utils.Namespace', (args, kwargs) => new Namespace(dict(args, kwargs))),
  cycler: new PyClass('jinja2.utils.Cycler', (args, kwargs) => {
    withoutNames('cycler', kwargs);
    return new Cycler(args);
  }),
  joiner: new PyClass('jinja2.utils.Joiner', (args, kwargs) => {
    const [separator = ', '] = bind('joiner', joiner, args, kwargs);
    return new Joiner(separator);
  }),
};
