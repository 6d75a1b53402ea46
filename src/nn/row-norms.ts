/** What can be known of a layer's weight by products with it, however it lies in memory: packed weights have no other form. */
import { eye, type Tensor } from '../torch/index.ts';
import type { AdaptedLayer } from './layer-adapter.ts';

/** Rows of the identity that are multiplied at once. */
const PANEL = 256;

const isPacked = ({ weight }: AdaptedLayer): boolean => weight.device.startsWith('meta');

/**
 * a Wᵀ, without the bias
 *
 * @param a [rows, in]
 * @returns float32 [rows, out]
 */
export function timesWeight(a: Tensor, layer: AdaptedLayer): Tensor {
  if (!isPacked(layer)) return a.to('float32').matmul(layer.weight.detach().to('float32').t());
  const y = layer.own(a).to('float32');
  return layer.bias ? y.sub(layer.bias.detach().to('float32')) : y;
}

/** ‖w‖² of each row w of the weight, float32 [out] */
export function rowSquares(layer: AdaptedLayer): Tensor {
  if (!isPacked(layer)) return layer.weight.detach().to('float32').square().sum([1]);
  const [, width] = layer.weight.shape;
  const identity = eye(width);
  let squares: Tensor | undefined;
  for (let start = 0; start < width; start += PANEL) {
    const panel = timesWeight(identity.narrow(0, start, Math.min(PANEL, width - start)), layer);
    const own = panel.square().sum([0]);
    squares = squares ? squares.add(own) : own;
  }
  return squares!;
}
