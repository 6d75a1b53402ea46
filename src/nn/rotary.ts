/**
 * Rotary position embedding (Su et al. 2021): pairs of a query's or key's elements are turned by angles that grow with
 * the position, so that their product depends on the distance alone. Pairs are (i, i + dim/2), as in Hugging Face.
 */
import { cat, type Tensor, tensor } from '../torch/index.ts';
import { rotate as turn } from '../torch/kernels.ts';

export interface Rotary {
  /** Elements of each head that turn; the rest stay as they are. Even. */
  dim: number;
  /**
   * Angle a position, for each pair [dim / 2].
   *
   * @param length positions that the sequence has by now: some scalings depend on it
   */
  inverseFrequencies: (length: number) => Float32Array;
  /** The inverse frequencies depend on the length. */
  dynamic?: boolean;
  /** Past this many positions cached keys are rotated again: generation starts over with its cache. */
  switchesAt?: number;
  /** Factor on cosines and sines. Default 1. */
  attentionFactor?: number;
}

/** [1 or batch, 1, time, dim] */
export interface RotaryAngles {
  cos: Tensor;
  sin: Tensor;
}

/** θ^(−2i/dim) for each pair i; an odd `dim` has half a pair more. */
export const rotaryFrequencies = (theta: number, dim: number): Float32Array =>
  // Rounded as the reference does it, in float32 at each step.
  Float32Array.from({ length: Math.ceil(dim / 2) }, (_, i) =>
    Math.fround(1 / Math.fround(theta ** Math.fround((2 * i) / dim))),
  );

/** @param positionIds int64 [1 or batch, time] */
export function rotaryAngles(rotary: Rotary, positionIds: Tensor, length: number): RotaryAngles {
  const positions = rotary.dynamic ? positionIds.amax().item() + 1 : length;
  const inverse = tensor(rotary.inverseFrequencies(positions), [rotary.dim / 2], { device: positionIds.device });
  const half = positionIds.to('float32').unsqueeze(-1).mul(inverse); // [batch, time, dim / 2]
  const angles = cat([half, half], -1).unsqueeze(1);
  const { attentionFactor = 1 } = rotary;
  return { cos: angles.cos().mul(attentionFactor), sin: angles.sin().mul(attentionFactor) };
}

/** Turns [batch, heads, time, headDim] by the angles of its positions. */
export const rotate = (x: Tensor, { cos, sin }: RotaryAngles): Tensor => turn(x, cos, sin);
