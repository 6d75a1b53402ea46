/** What a filter is, and what it may ask of the template that uses it. */
import type { Access } from '../python/format-braces.ts';
import { str } from '../python/repr.ts';
import { type Bound, bind, signature } from '../python/signature.ts';
import { isStr, type Kwargs, type Markup, type Undefined, type Value } from '../python/values.ts';

export interface FilterContext extends Access {
  /** Whether output is made HTML where the filter stands. */
  readonly escapes: boolean;
  undefined(message: string): Undefined;
  callFilter(name: Value, value: Value, args: Value[], kwargs: Kwargs): Value;
  callTest(name: Value, value: Value, args: Value[], kwargs: Kwargs): Value;
  hasFilter(name: string): boolean;
  hasTest(name: string): boolean;
  /** A whole number from 0 to before n. */
  randomBelow(n: number): number;
}

/** The first of `args` is what stands before the bar. */
export type Filter = (context: FilterContext, args: Value[], kwargs: Kwargs) => Value;

/** Tests are called as filters are, and give true or false. */
export type Test = Filter;

/**
 * A filter with Python's parameters, `value default_value? boolean?`.
 *
 * @param body takes the context and one value a parameter, undefined for those left out
 */
export function filter(
  name: string,
  parameters: string,
  body: (context: FilterContext, ...bound: Bound) => Value,
): Filter {
  const parsed = signature(parameters);
  return (context, args, kwargs) => body(context, ...bind(name, parsed, args, kwargs));
}

/** The value as a str; HTML stays HTML. */
export const softStr = (value: Value): string | Markup => (isStr(value) ? value : str(value));
