/** Filters that apply other filters and tests to the items of a sequence, and `default` and `attr`. */
import { typeError, valueError } from '../errors.ts';
import { attributeOf } from '../python/attributes.ts';
import { truth } from '../python/compare.ts';
import { items } from '../python/iterate.ts';
import { textArgument } from '../python/signature.ts';
import { type Kwargs, PyIterator, Undefined, type Value } from '../python/values.ts';
import { getter } from './attribute.ts';
import { type Filter, type FilterContext, filter } from './filter.ts';

function mapping(context: FilterContext, args: Value[], kwargs: Kwargs): (item: Value) => Value {
  const attribute = kwargs.get('attribute');
  if (args.length === 0 && attribute !== undefined) {
    const unknown = [...kwargs.keys()].find(name => name !== 'attribute' && name !== 'default');
    if (unknown !== undefined) throw typeError(`Unexpected keyword argument '${unknown}'`);
    return getter(context, attribute, kwargs.get('default') ?? null);
  }
  const [name, ...rest] = args;
  if (name === undefined) throw valueError('map requires a filter argument');
  return item => context.callFilter(name, item, rest, kwargs);
}

const map: Filter = (context, [value, ...args], kwargs) => {
  const mapped = function* (): Generator<Value> {
    if (!truth(value)) return;
    const change = mapping(context, args, kwargs);
    for (const item of items(value)) yield change(item);
  };
  return new PyIterator(mapped());
};

/** The items for which a test gives `wanted`; without a test, their truth does. */
const selecting =
  (wanted: boolean, ofAttribute: boolean): Filter =>
  (context, [value, ...given], kwargs) => {
    const selected = function* (): Generator<Value> {
      if (!truth(value)) return;
      if (ofAttribute && given.length === 0) throw valueError('Missing parameter for attribute name');
      const get = ofAttribute ? getter(context, given[0]) : (item: Value): Value => item;
      const [name, ...args] = given.slice(ofAttribute ? 1 : 0);
      for (const item of items(value)) {
        const tested = get(item);
        const result = name === undefined ? tested : context.callTest(name, tested, args, kwargs);
        if (truth(result) === wanted) yield item;
      }
    };
    return new PyIterator(selected());
  };

const fallback: Filter = filter('default', 'value default_value? boolean?', (_, value, other = '', boolean) => {
  if (value instanceof Undefined) return other;
  return boolean !== undefined && truth(boolean) && !truth(value) ? other : value;
});

export const SELECT_FILTERS: Record<string, Filter> = {
  map,
  select: selecting(true, false),
  reject: selecting(false, false),
  selectattr: selecting(true, true),
  rejectattr: selecting(false, true),
  default: fallback,
  d: fallback,
  /** An attribute, never an item. */
  attr: filter('attr', 'obj name', (context, value, name) => {
    const wanted = textArgument(name);
    if (attributeOf(value, wanted, context) !== undefined) return context.attribute(value, wanted);
    if (value instanceof Undefined) throw value.reason();
    return context.undefined(`no attribute '${wanted}'`);
  }),
};
