/** What a model is made of: its modules as a tree with shapes and numbers of weights, and the memory that it needs. */
import { Attention, Embedding, Linear, type Module, Parameter } from '../nn/index.ts';
import { type DType, dtypeInfo } from '../torch/dtype.ts';
import type { Checkpoint } from './checkpoint/files.ts';
import { Head, type Model } from './model.ts';

export interface ModelTree {
  /** Field of the module above: `attention`, `layers.0`; `layers.0–11` for as many of the same shape. */
  name: string;
  /** `Linear 768 → 3072` */
  kind: string;
  /** Modules of this shape, side by side. */
  count: number;
  /** Weights of one of them and everything below it; what is shared with a module before counts there. */
  parameters: number;
  /** Of weights that belong to the module itself. */
  shapes: Record<string, readonly number[]>;
  children: ModelTree[];
}

export function modelTree(model: Model): ModelTree {
  const seen = new Set<Parameter>();
  return treeOf(model, 'model', seen);
}

function treeOf(module: Module, name: string, seen: Set<Parameter>): ModelTree {
  const shapes: ModelTree['shapes'] = {};
  let parameters = 0;
  for (const [field, value] of Object.entries(module)) {
    if (!(value instanceof Parameter) || seen.has(value)) continue;
    seen.add(value);
    shapes[field] = value.shape;
    parameters += value.numel;
  }
  const children = [...module.namedChildren()]
    .map(([field, child]) => treeOf(child, field, seen))
    .filter(child => child.parameters > 0 || child.name === 'head');
  parameters += children.reduce((sum, child) => sum + child.parameters, 0);
  return { name, kind: kindOf(module), count: 1, parameters, shapes, children: foldRepeated(children) };
}

function kindOf(module: Module): string {
  const { name } = module.constructor;
  if (module instanceof Head && module.tiedPaths.length > 0) return `${name}, its matrix is the embedding table`;
  if (module instanceof Linear) return `${name} ${module.inFeatures} → ${module.outFeatures}`;
  if (module instanceof Embedding) return `${name} ${module.weight.shape.join(' × ')}`;
  if (module instanceof Attention) {
    const { heads, kvHeads, headDim } = module;
    return `${name} ${heads} heads${kvHeads === heads ? '' : ` on ${kvHeads}`} of ${headDim}`;
  }
  return name;
}

/** `layers.0`, `layers.1`, … of the same shape become one line. */
function foldRepeated(trees: ModelTree[]): ModelTree[] {
  const shapeOf = ({ name: _, count: __, ...rest }: ModelTree): string => JSON.stringify(rest);
  const folded: ModelTree[] = [];
  for (const tree of trees) {
    const [list, index] = tree.name.split('.');
    const before = folded.at(-1);
    const isNext = index !== undefined && before?.name.startsWith(`${list}.`) && shapeOf(before) === shapeOf(tree);
    if (!before || !isNext) folded.push({ ...tree });
    else {
      const first = before.name.split(/[.–]/)[1];
      before.name = `${list}.${first}–${index}`;
      before.count++;
    }
  }
  return folded;
}

export interface ModelMemory {
  /** The weights as they are stored, bytes; undefined without a checkpoint. */
  stored?: number;
  /** The weights in an element type. */
  weights: Record<'float32' | 'bfloat16', number>;
  /** Keys and values of one token in float32, where the model generates; a full context in `cacheFull`. */
  cachePerToken?: number;
  cacheFull?: number;
  /** Weights, gradients and AdamW's two moments in float32; activations come on top. */
  training: number;
}

export function modelMemory(model: Model, checkpoint?: Checkpoint): ModelMemory {
  const parameters = model.parameters();
  const count = parameters.reduce((sum, { numel }) => sum + numel, 0);
  const trained = parameters.reduce((sum, { numel, requiresGrad }) => sum + (requiresGrad ? numel : 0), 0);
  const perToken = cachePerToken(model);
  const { maxPositions } = model;
  return {
    stored: checkpoint?.keys.reduce((sum, key) => sum + bytesOf(checkpoint.entry(key)), 0),
    weights: { float32: 4 * count, bfloat16: 2 * count },
    cachePerToken: perToken,
    cacheFull: perToken !== undefined && Number.isFinite(maxPositions) ? perToken * maxPositions : undefined,
    training: 4 * count + 12 * trained,
  };
}

const bytesOf = ({ shape, dtype }: { shape: readonly number[]; dtype: DType }): number =>
  shape.reduce((product, size) => product * size, dtypeInfo(dtype).size);

function cachePerToken(model: Model): number | undefined {
  if (model.task !== 'causalLM' && model.task !== 'seq2seqLM') return undefined;
  const ofDecoder = [...model.namedModules()].filter(
    ([path, part]) => part instanceof Attention && /\.attention$/.test(path) && !path.includes('encoder.'),
  );
  const bytes = ofDecoder.reduce((sum, [, part]) => {
    const { kvHeads, headDim } = part as Attention;
    return sum + 2 * 4 * kvHeads * headDim;
  }, 0);
  return bytes > 0 ? bytes : undefined;
}
