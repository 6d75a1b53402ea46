/** What a checkpoint has kept, by name: a file that was damaged may lack it, or have it in another shape. */
import { UserError } from '../support/errors.ts';
import type { Tensor } from '../torch/index.ts';

/**
 * @param like what it goes back into
 * @throws UserError when it is not there, or of another shape
 */
export function savedTensor(saved: ReadonlyMap<string, Tensor>, key: string, like?: Tensor): Tensor {
  const found = saved.get(key);
  if (found !== undefined && (like === undefined || found.shape.join() === like.shape.join())) return found;
  const problem = found === undefined ? 'is not there' : `has the shape [${found.shape.join(', ')}]`;
  throw new UserError('TSLM_DAMAGED_CHECKPOINT', `the checkpoint is damaged: '${key}' ${problem}`, {
    hint: 'remove its folder in checkpoints/, and go on from an earlier one, or train anew',
  });
}
