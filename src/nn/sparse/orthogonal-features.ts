/**
 * Random directions for the Performer (Choromanski et al. 2021, 3.2 and appendix B): each is distributed as a vector of
 * independent normal numbers, and those of one group of `dim` are orthogonal to each other, which lowers the variance.
 */
import { createRandom, type Random } from '../../support/random.ts';
import { type Tensor, tensor } from '../../torch/index.ts';

/** @returns float32 [features, dim] */
export function orthogonalFeatures(features: number, dim: number, seed: number): Tensor {
  const random = createRandom(seed);
  const rows = new Float32Array(features * dim);
  for (let start = 0; start < features; start += dim) {
    const group = orthonormal(Math.min(dim, features - start), dim, random);
    for (const [i, direction] of group.entries()) {
      const length = norm(normals(dim, random));
      rows.set(
        direction.map(x => x * length),
        (start + i) * dim,
      );
    }
  }
  return tensor(rows, [features, dim]);
}

/** Orthonormal vectors, uniformly distributed: normal vectors made orthogonal one after the other (Gram–Schmidt). */
function orthonormal(count: number, dim: number, random: Random): Float64Array[] {
  const basis: Float64Array[] = [];
  while (basis.length < count) {
    const vector = normals(dim, random);
    // Twice, since the first pass leaves rounding errors behind that grow with the dimension.
    for (const earlier of [...basis, ...basis]) {
      const along = dot(vector, earlier);
      for (let i = 0; i < dim; i++) vector[i] -= along * earlier[i];
    }
    const length = norm(vector);
    basis.push(vector.map(x => x / length));
  }
  return basis;
}

/** Independent standard normal numbers (Box & Muller 1958). */
const normals = (count: number, random: Random): Float64Array =>
  Float64Array.from({ length: count }, () => {
    const radius = Math.sqrt(-2 * Math.log(1 - random.next()));
    return radius * Math.cos(2 * Math.PI * random.next());
  });

const dot = (a: Float64Array, b: Float64Array): number => a.reduce((sum, x, i) => sum + x * b[i], 0);
const norm = (a: Float64Array): number => Math.sqrt(dot(a, a));
