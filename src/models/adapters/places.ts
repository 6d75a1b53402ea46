/** Where in a model the modules and parameters are that an adapter speaks of by their names in Transformers. */
import { Embedding, Linear, type Module, type Parameter } from '../../nn/index.ts';
import { ownKeyOf } from '../checkpoint/keys.ts';
import type { Model } from '../model.ts';
import type { Candidate } from './targets.ts';

/** A parameter, the field that holds it, and whether checkpoints hold its transpose. */
export interface ParameterPlace {
  owner: Module;
  field: string;
  transpose: boolean;
}

/** A layer that can be adapted. */
export interface LayerPlace extends Candidate {
  layer: Linear | Embedding;
  /** Of its weight, below the model. */
  path: string;
  /** Checkpoints hold the transpose of its weight. */
  transpose: boolean;
}

export interface Places {
  /** By the keys of checkpoints of this model's own class. */
  parameters: ReadonlyMap<string, ParameterPlace>;
  /** By the names of modules. */
  layers: ReadonlyMap<string, LayerPlace>;
}

const OUTPUT_LAYER = /^head\.(.*\.)?(projection|decoder)\.weight$/;

export function placesOf(model: Model): Places {
  const modules = new Map(model.namedModules());
  const parameters = new Map<string, ParameterPlace>();
  const layers = new Map<string, LayerPlace>();
  for (const [path] of model.namedParameters()) {
    const { key, transpose } = ownKeyOf(path, model);
    const dot = path.lastIndexOf('.');
    const owner = modules.get(path.slice(0, dot))!;
    const field = path.slice(dot + 1);
    parameters.set(key, { owner, field, transpose });
    if (field !== 'weight' || !(owner instanceof Linear || owner instanceof Embedding)) continue;
    const name = key.slice(0, -'.weight'.length);
    layers.set(name, {
      name,
      path,
      layer: owner,
      transpose,
      isLinear: owner instanceof Linear,
      isOutput: OUTPUT_LAYER.test(path),
    });
  }
  return { parameters, layers };
}

/** The layers whose results are added to the stream: behind attention and behind the feed-forward network. */
export const outputsOf = (model: Model): string[] =>
  [...placesOf(model).layers.values()]
    .filter(({ path }) => /\.(attention|crossAttention|feedForward)\.output\.weight$/.test(path))
    .map(({ name }) => name);

export const parameterAt = ({ owner, field }: ParameterPlace): Parameter =>
  (owner as unknown as Record<string, Parameter>)[field];

/** Puts another parameter in the place of the one that is returned. */
export function exchange(place: ParameterPlace, parameter: Parameter): Parameter {
  const before = parameterAt(place);
  (place.owner as unknown as Record<string, Parameter>)[place.field] = parameter;
  return before;
}
