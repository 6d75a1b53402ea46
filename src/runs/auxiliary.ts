/** Files that a training can do without, such as TensorBoard's: when one cannot be written, the training goes on. */
import { explainFileError, UserError } from '../support/errors.ts';

/** Runs `write`, unless an earlier one has failed. */
export type AuxiliaryWriter = (write: () => void) => void;

/**
 * A writer whose first failure is a warning and its end. What is no refusal of the system is thrown as it is.
 *
 * @param name what is written, for the warning
 */
export function auxiliaryWriter(name: string, onWarning: (warning: string) => void): AuxiliaryWriter {
  let hasFailed = false;
  return write => {
    if (hasFailed) return;
    try {
      write();
    } catch (thrown) {
      const error = explainFileError(thrown);
      if (!(error instanceof UserError)) throw error;
      hasFailed = true;
      onWarning(`${error.message}; the training goes on without ${name}`);
    }
  };
}
