/** `getattr()` on Python's values, and what Jinja's immutable sandbox keeps from templates. */
import { typeError } from '../errors.ts';
import { Dict } from './dict.ts';
import { type Access, formatBraces } from './format-braces.ts';
import {
  BYTES_METHODS,
  DICT_METHODS,
  dictUpdate,
  FLOAT_METHODS,
  INT_METHODS,
  LIST_METHODS,
  numberAttribute,
  RANGE_METHODS,
  TUPLE_METHODS,
} from './methods.ts';
import { boundMethod, like, type Methods } from './signature.ts';
import { STR_SEARCH } from './str-search.ts';
import { STR_SHAPE } from './str-shape.ts';
import {
  Bytes,
  isInt,
  isStr,
  type Kwargs,
  Markup,
  PyFunction,
  Range,
  Tuple,
  textOf,
  typeName,
  type Value,
} from './values.ts';

const STR_METHODS: Methods<string | Markup> = { ...STR_SEARCH, ...STR_SHAPE };

/** What every object of Python has; all of it is out of reach for templates. */
const EVERY_OBJECT = new Set(
  'class doc init new str repr hash eq ne lt le gt ge dir format sizeof reduce reduce_ex getattribute setattr delattr init_subclass subclasshook'
    .split(' ')
    .map(name => `__${name}__`),
);

/** The attribute, undefined where Python raises AttributeError. */
export function attributeOf(value: Value, name: string, access: Access): Value | undefined {
  if (EVERY_OBJECT.has(name)) return null;
  if (isStr(value)) {
    if (name === 'format' || name === 'format_map') return formatMethod(value, name, access);
    return boundMethod(STR_METHODS, name, value);
  }
  if (Array.isArray(value)) return boundMethod(LIST_METHODS, name, value);
  if (value instanceof Dict) return name === 'update' ? dictUpdate(value) : boundMethod(DICT_METHODS, name, value);
  if (value === null) return undefined;
  if (typeof value === 'object') {
    const own = value.attribute(name);
    if (own !== undefined) return own;
    if (value instanceof Tuple) return boundMethod(TUPLE_METHODS, name, value);
    if (value instanceof Range) return boundMethod(RANGE_METHODS, name, value);
    return value instanceof Bytes ? boundMethod(BYTES_METHODS, name, value) : undefined;
  }
  return numberAttribute(value, name) ?? boundMethod(isInt(value) ? INT_METHODS : FLOAT_METHODS, name, value);
}

function formatMethod(self: string | Markup, name: string, access: Access): PyFunction {
  const format = (args: readonly Value[], kwargs: Kwargs): Value =>
    like(self, formatBraces(textOf(self), { args, kwargs, access, escapes: self instanceof Markup }));
  if (name === 'format') return new PyFunction(name, format);
  return new PyFunction(name, (args, kwargs) => {
    if (kwargs.size > 0 || args.length !== 1) throw typeError('format_map() takes exactly one argument');
    const [mapping] = args;
    if (!(mapping instanceof Dict))
      throw typeError(`format_map() argument must be a mapping, not ${typeName(mapping)}`);
    const named = Array.from(mapping.entries()).filter(([key]) => isStr(key));
    return format([], new Map(named.map(([key, value]) => [textOf(key as string), value])));
  });
}

const LIST_CHANGES = new Set(['append', 'clear', 'pop', 'reverse', 'insert', 'sort', 'extend', 'remove']);
const DICT_CHANGES = new Set(['clear', 'pop', 'popitem', 'setdefault', 'update']);

/** Whether a template may use the attribute: nothing private, and nothing that would change a value. */
export function isSafeAttribute(value: Value, name: string, isMutable: boolean): boolean {
  if (name.startsWith('_')) return false;
  if (isMutable) return true;
  if (Array.isArray(value)) return !LIST_CHANGES.has(name);
  return !(value instanceof Dict && DICT_CHANGES.has(name));
}
