/** Macros, and the bodies of `{% call %}`, as functions. */
import { typeError } from '../errors.ts';
import { Dict } from '../python/dict.ts';
import { type Kwargs, Markup, Tuple, type Value } from '../python/values.ts';
import type { MacroDefinition } from '../syntax/nodes.ts';
import { Frame } from './frame.ts';
import { Macro, undefinedBecause } from './objects.ts';
import type { Renderer } from './renderer.ts';

/** @param name null for the body of a call */
export function macroOf(renderer: Renderer, name: string | null, node: MacroDefinition, around: Frame): Macro {
  const { parameters, body } = node;
  const uses = new Set<string>(node.uses);
  const call = (args: Value[], kwargs: Kwargs): Value =>
    renderer.nested(() => {
      const frame = new Frame(node.scope!, around.context, around).enter();
      const given = boundArguments(name, node, args, kwargs);
      for (const [parameter, value] of given) frame.set(parameter, value);
      for (const [i, parameter] of parameters.entries()) {
        if (given.has(parameter)) continue;
        const fallback = node.defaults[i - parameters.length + node.defaults.length];
        const value = fallback
          ? renderer.evaluator.evaluate(fallback, frame)
          : renderer.evaluator.undefined(`parameter '${parameter}' was not provided`);
        frame.set(parameter, value);
      }
      const text = renderer.renderBody(body, frame);
      return renderer.evaluator.escapes ? new Markup(text) : text;
    });
  return new Macro(name, parameters, call, uses);
}

/** What a call gives to parameters, and to `caller`, `kwargs` and `varargs` where the body uses them. */
function boundArguments(name: string | null, node: MacroDefinition, args: Value[], kwargs: Kwargs): Map<string, Value> {
  const { parameters } = node;
  const uses = node.uses!;
  const shown = name === null ? 'None' : `'${name}'`;
  const given = new Map<string, Value>(parameters.slice(0, args.length).map((parameter, i) => [parameter, args[i]]));
  const rest = new Map(kwargs);
  for (const parameter of parameters.slice(args.length)) {
    const value = rest.get(parameter);
    if (value !== undefined) given.set(parameter, value);
    rest.delete(parameter);
  }
  if (uses.has('caller') && !parameters.includes('caller')) {
    given.set('caller', rest.get('caller') ?? undefinedBecause('No caller defined'));
    rest.delete('caller');
  }
  if (uses.has('kwargs')) {
    given.set('kwargs', Dict.of(rest));
  } else if (rest.size > 0) {
    throw typeError(`macro ${shown} takes no keyword argument '${[...rest.keys()][0]}'`);
  }
  if (uses.has('varargs')) given.set('varargs', new Tuple(args.slice(parameters.length)));
  else if (args.length > parameters.length) {
    throw typeError(`macro ${shown} takes not more than ${parameters.length} argument(s)`);
  }
  return given;
}
