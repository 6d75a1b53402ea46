import type { Dictionary } from '../i18n/en.ts';

/** What the server said was wrong; status 0 when it did not answer. */
export interface ServerProblem {
  status: number;
  code: string;
  message: string;
  hint?: string;
}

/** What to show of it: in the page's language as far as the code is known, else what the server says. */
export function describeProblem(
  { status, code, message, hint }: ServerProblem,
  { problems }: Pick<Dictionary, 'problems'>,
): Pick<ServerProblem, 'message' | 'hint'> {
  if (code === 'gone') return { message: problems.gone, hint: problems.goneHint };
  if (status === 401) return { message: problems.noKey, hint: problems.noKeyHint };
  const name = code.replace(/^TSLM_(.*)/, (_, rest: string) => rest.toLowerCase()); // as `/studio/api` spells it
  if (!Object.hasOwn(problems.codes, name)) return { message, hint };
  const known = problems.codes[name]!;
  return { message: known.message, hint: known.isExact ? problems.serverSays(message) : known.hint };
}
