/** Calls as Python makes them: arguments by position and by name, bound to the parameters of a built-in function. */
import { typeError } from '../errors.ts';
import { isInt, isStr, type Kwargs, Markup, PyFunction, textOf, typeName, type Value } from './values.ts';

export interface Signature {
  parameters: { name: string; isOptional: boolean }[];
  /** So many parameters have no name. */
  positionalOnly: number;
}

/**
 * Reads a list of parameters: `text sep? maxsplit?`. A question mark means that it may be left out, a slash that those
 * before it have no names.
 */
export function signature(text: string): Signature {
  const words = text.split(' ').filter(word => word !== '');
  const slash = words.indexOf('/');
  const parameters = words
    .filter(word => word !== '/')
    .map(word => ({ name: word.replace('?', ''), isOptional: word.endsWith('?') }));
  return { parameters, positionalOnly: Math.max(slash, 0) };
}

/**
 * One value a parameter, undefined for those left out.
 *
 * @throws TemplateError when the arguments do not fit
 */
export function bind(name: string, { parameters, positionalOnly }: Signature, args: Value[], kwargs: Kwargs): Bound {
  if (args.length > parameters.length) {
    throw typeError(`${name}() takes at most ${parameters.length} arguments (${args.length} given)`);
  }
  const bound: (Value | undefined)[] = [...args];
  for (const [key, value] of kwargs) {
    const index = parameters.findIndex((parameter, i) => parameter.name === key && i >= positionalOnly);
    if (index < 0) throw typeError(`${name}() got an unexpected keyword argument '${key}'`);
    if (bound[index] !== undefined) throw typeError(`${name}() got multiple values for argument '${key}'`);
    bound[index] = value;
  }
  for (const [i, parameter] of parameters.entries()) {
    if (bound[i] === undefined && !parameter.isOptional) {
      throw typeError(`${name}() missing required argument '${parameter.name}'`);
    }
  }
  return bound;
}

// biome-ignore lint/suspicious/noExplicitAny: a parameter that must be given is never undefined; its body says which
export type Bound = any[];

/** A method of a type: `self`, then one value a parameter. */
export interface Method<T> {
  signature: Signature;
  body: (self: T, ...bound: Bound) => Value;
}

export const method = <T>(parameters: string, body: (self: T, ...bound: Bound) => Value): Method<T> => ({
  signature: signature(parameters),
  body,
});

export type Methods<T> = Record<string, Method<T>>;

/** The method of that name bound to `self`, undefined when the type has none. */
export function boundMethod<T>(methods: Methods<T>, name: string, self: T): PyFunction | undefined {
  if (!Object.hasOwn(methods, name)) return undefined;
  const { signature: parameters, body } = methods[name];
  return new PyFunction(name, (args, kwargs) => body(self, ...bind(name, parameters, args, kwargs)));
}

/** The characters of an argument that must be a str. */
export function textArgument(value: Value): string {
  if (isStr(value)) return textOf(value);
  throw typeError(`must be str, not ${typeName(value)}`);
}

/** An argument that must be an int. */
export function intArgument(value: Value): number {
  if (isInt(value)) return Number(value);
  throw typeError(`'${typeName(value)}' object cannot be interpreted as an integer`);
}

/** A text of the kind that `self` is. */
export const like = (self: string | Markup, text: string): string | Markup =>
  self instanceof Markup ? new Markup(text) : text;
