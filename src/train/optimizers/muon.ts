/**
 * Muon (Jordan et al. 2024): the momentum of each hidden matrix is made orthogonal before it is applied, so that no
 * direction of a layer is learned much faster than the others. Everything else (embeddings, scores, norms, biases)
 * is left to AdamW. Updates are scaled to the size of AdamW's (Liu et al. 2025, arXiv:2502.16982), so one learning rate
 * and one weight decay serve both.
 */
import type { Parameter } from '../../nn/index.ts';
import { autocastDtype } from '../../torch/autocast.ts';
import { dispose, keep, noGrad, scope, stack, type Tensor, zerosLike } from '../../torch/index.ts';
import { hasProducts, muonUpdate, newtonSchulz } from '../../torch/products.ts';
import { savedTensor } from '../saved-tensor.ts';
import { type AdamWOptions, adamW } from './adamw.ts';
import type { NamedParameters, Optimizer } from './optimizer.ts';

export interface MuonOptions extends AdamWOptions {
  /** Decay of the momentum. Default 0.95. */
  momentum?: number;
}

/** Root mean square of AdamW's updates, as measured by Liu et al. */
const ADAMW_RMS = 0.2;

/**
 * Maps from one hidden state to another: in the layers, and around them the pooler, what is before the scores, and a projection behind
 * the embeddings. AdamW at Muon's rate saturates a pooler in a few steps.
 */
const HIDDEN = /\.layers\.\d+\.|(^|\.)(pooler|transform|dense)\.|\.embeddings\.projection\./;

/** Whether Muon takes a parameter: the number of independent matrices that it is made of, or 0. */
export function hiddenMatrix(name: string, { dim, shape }: Pick<Parameter, 'dim' | 'shape'>): number {
  if (dim !== 2 || !HIDDEN.test(name)) return 0;
  return name.endsWith('.qkv.weight') && shape[0] === 3 * shape[1] ? 3 : 1;
}

/** Muon (Jordan et al. 2024): orthogonalized momentum for hidden matrices, AdamW for the rest. */
export function muon(named: NamedParameters, { momentum = 0.95, ...options }: MuonOptions = {}): Optimizer {
  const { weightDecay = 0.01 } = options;
  const rest = adamW(
    named.filter(([name, parameter]) => hiddenMatrix(name, parameter) === 0),
    options,
  );
  const states = named
    .map(([name, parameter]) => ({ name, parameter, parts: hiddenMatrix(name, parameter) }))
    .filter(({ parts }) => parts > 0)
    .map(state => ({ ...state, buffer: scope(() => keep(zerosLike(state.parameter.detach()))) }));

  return {
    step(lr, gradScale = 1) {
      rest.step(lr, gradScale);
      scope(() => {
        noGrad(() => {
          const active = states.flatMap(state => {
            const gradient = state.parameter.grad;
            return gradient ? [{ ...state, gradient }] : [];
          });
          const update = isFused(active.map(({ parameter }) => parameter)) ? updateFused : updateComposed;
          update(active, { lr, momentum, weightDecay, gradScale });
        });
      });
    },

    state() {
      return new Map([
        ...rest.state(),
        ...states.map(({ name, buffer }) => [`${name}.momentum_buffer`, buffer] as const),
      ]);
    },

    load(saved, steps) {
      rest.load(saved, steps);
      noGrad(() => {
        for (const { name, buffer } of states) buffer.copy_(savedTensor(saved, `${name}.momentum_buffer`, buffer));
      });
    },

    dispose() {
      rest.dispose();
      for (const { buffer } of states) dispose(buffer);
    },
  };
}

/** Products in bfloat16 are wanted, and this processor has them. */
const isFused = (tensors: readonly Tensor[]): boolean =>
  autocastDtype() === 'bfloat16' &&
  hasProducts() &&
  tensors.every(({ device, dtype }) => device === 'cpu' && dtype === 'float32');

interface State {
  parameter: Parameter;
  gradient: Tensor;
  buffer: Tensor;
  parts: number;
}

interface Rates {
  lr: number;
  momentum: number;
  weightDecay: number;
  gradScale: number;
}

const updateFused = (states: readonly State[], rates: Rates): void =>
  muonUpdate({
    parameters: states.map(({ parameter }) => parameter),
    gradients: states.map(({ gradient }) => gradient),
    buffers: states.map(({ buffer }) => buffer),
    counts: states.map(({ parts }) => parts),
    ...rates,
  });

function updateComposed(states: readonly State[], { lr, momentum, weightDecay, gradScale }: Rates): void {
  const updates = states.flatMap(({ parameter, gradient, buffer, parts }) => {
    // Nesterov's momentum: b ← μ b + g, and the step along g + μ b.
    buffer.mul_(momentum).add_(gradient, { alpha: gradScale });
    const direction = gradient.mul(gradScale).add_(buffer, { alpha: momentum });
    const weights = parameter.detach().chunk(parts);
    return direction.chunk(parts).map((part, i) => ({ weight: weights[i], direction: part }));
  });
  for (const group of byShape(updates)) {
    const orthogonal = orthogonalize(stack(group.map(({ direction }) => direction)));
    for (const [i, update] of orthogonal.unbind().entries()) {
      const { weight } = group[i];
      const size = ADAMW_RMS * Math.sqrt(Math.max(...weight.shape));
      weight.mul_(1 - lr * weightDecay).add_(update, { alpha: -lr * size });
    }
  }
}

function byShape<Item extends { direction: Tensor }>(items: readonly Item[]): Item[][] {
  const groups = new Map<string, Item[]>();
  for (const item of items) {
    const shape = item.direction.shape.join();
    groups.set(shape, [...(groups.get(shape) ?? []), item]);
  }
  return [...groups.values()];
}

/** Of the quintic a x + b x³ + c x⁵, which trades exactness for speed: singular values end between 0.7 and 1.2. */
const [A, B, C] = [3.4445, -4.775, 2.0315];

/**
 * The nearest matrices with equal singular values, roughly: five steps of a quintic Newton–Schulz iteration. Its products are
 * in bfloat16 inside such an autocast region, as Jordan's are.
 *
 * @param matrices [count, rows, columns]
 */
export function orthogonalize(matrices: Tensor, { steps = 5 }: { steps?: number } = {}): Tensor {
  if (isFused([matrices])) return newtonSchulz(matrices, steps);
  const [, rows, columns] = matrices.shape;
  const wide = rows > columns ? matrices.transpose(1, 2) : matrices;
  const norms = wide.flatten({ startDim: 1 }).vectorNorm([1]).view([-1, 1, 1]);
  const scaled = wide.div(norms.add(1e-7));
  const x = iterate(scaled.to(autocastDtype() ?? scaled.dtype), steps);
  return (rows > columns ? x.transpose(1, 2) : x).to(matrices.dtype);
}

/** [count, rows, columns] */
function iterate(x: Tensor, steps: number): Tensor {
  for (let step = 0; step < steps; step++) {
    const gram = x.matmul(x.transpose(1, 2));
    // a X + (b G + c G²) X with G = X Xᵀ
    x = gram.baddbmm(gram, gram, { beta: B, alpha: C }).matmul(x).add_(x, { alpha: A });
  }
  return x;
}
