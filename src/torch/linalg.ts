/** Decompositions of matrices, by LAPACK. */
import { call } from './call.ts';
import { operator } from './operator.ts';
import type { Tensor } from './tensor.ts';

const $svd = operator('aten::linalg_svd');
const $qr = operator('aten::linalg_qr');

/**
 * A = U diag(s) Vᴴ, singular values falling.
 *
 * @param a [rows, columns]
 * @returns U [rows, k], s [k], Vᴴ [k, columns]; k the lesser of both
 */
export const svd = (a: Tensor): [u: Tensor, s: Tensor, vh: Tensor] =>
  call($svd, [a, false]) as [Tensor, Tensor, Tensor];

/** A = QR: Q [rows, k] with orthonormal columns, R [k, columns] */
export const qr = (a: Tensor): [q: Tensor, r: Tensor] => call($qr, [a]) as [Tensor, Tensor];
