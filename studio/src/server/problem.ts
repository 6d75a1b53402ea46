/** What the server said was wrong; status 0 when it did not answer. */
export interface ServerProblem {
  status: number;
  code: string;
  message: string;
  hint?: string;
}
