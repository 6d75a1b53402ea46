/** What is wrong with a request, wherever it is found out: in HTTP's handlers or in an engine. */
import { UserError } from '../support/errors.ts';

/** A mistake in a request, with the parameter that has it. */
export class RequestError extends UserError {
  readonly param: string | null;
  /** Seconds after which it is worth trying again. */
  readonly retryAfter: number | undefined;

  constructor(
    code: string,
    message: string,
    { param = null, hint, retryAfter }: { param?: string | null; hint?: string; retryAfter?: number } = {},
  ) {
    super(code, message, { hint });
    this.name = 'RequestError';
    this.param = param;
    this.retryAfter = retryAfter;
  }
}
