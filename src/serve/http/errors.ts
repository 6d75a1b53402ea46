/** Errors as a client sees them: a status, and OpenAI's body. The one place that knows which error has which status. */
import type { ContentfulStatusCode } from 'hono/utils/http-status';
import { RequestError } from '../../engine/request-error.ts';
import { UserError } from '../../support/errors.ts';
import { explainShortage } from '../../support/memory-errors.ts';

/** Every status but 400, which is what other errors that a person can act on have. */
export const STATUSES: Record<string, ContentfulStatusCode> = {
  TSLM_INVALID_API_KEY: 401,
  TSLM_FORBIDDEN: 403,
  TSLM_NOT_LOCAL: 403,
  TSLM_MODEL_NOT_FOUND: 404,
  TSLM_NOT_FOUND: 404,
  TSLM_METHOD_NOT_ALLOWED: 405,
  TSLM_NAME_TAKEN: 409,
  TSLM_JOB_UNFINISHED: 409,
  TSLM_BODY_TOO_LARGE: 413,
  TSLM_MEDIA_TYPE: 415,
  TSLM_RATE_LIMIT: 429,
  TSLM_CONCURRENCY_LIMIT: 429,
  TSLM_TOKEN_LIMIT: 429,
  TSLM_OVERLOADED: 429,
  TSLM_CLIENT_CLOSED: 499 as ContentfulStatusCode, // as nginx has it; seen in logs alone
  TSLM_UPSTREAM: 502,
  TSLM_LOADING: 503,
  TSLM_SHUTTING_DOWN: 503,
  TSLM_CLOSED: 503,
  TSLM_MODEL_DOWN: 503,
  TSLM_FILE_CHANGED: 503,
  TSLM_KEYS_UNREADABLE: 503,
  TSLM_OUT_OF_MEMORY: 503,
  TSLM_ENOMEM: 503,
  TSLM_EMFILE: 503,
  TSLM_ENFILE: 503,
  TSLM_ENOSPC: 503,
  TSLM_EDQUOT: 503,
  TSLM_TIMEOUT: 504,
};

/** `type` of the body by status; the rest is `invalid_request_error` below 500, `server_error` from there on. */
const TYPES: Record<number, string> = {
  401: 'authentication_error',
  403: 'permission_error',
  404: 'not_found_error',
  429: 'rate_limit_error',
};

/** Codes that OpenAI has another name for; the others are ours in small letters, without `TSLM_`. */
const CODES: Record<string, string> = {
  TSLM_TOO_LONG: 'context_length_exceeded',
  TSLM_RATE_LIMIT: 'rate_limit_exceeded',
};

/** The kind of parameter that an error of the engine is about; each endpoint has its own names for these. */
const KINDS: Record<string, 'input' | 'constraint'> = {
  TSLM_TOO_LONG: 'input',
  TSLM_EMPTY_PROMPT: 'input',
  TSLM_EMPTY_INPUT: 'input',
  TSLM_BAD_TOKEN: 'input',
  TSLM_NO_MASK: 'input',
  TSLM_CHAT: 'input',
  TSLM_CHAT_TEMPLATE: 'input',
  TSLM_BAD_SCHEMA: 'constraint',
  TSLM_UNSUPPORTED_KEYWORD: 'constraint',
  TSLM_UNSATISFIABLE: 'constraint',
  TSLM_CONSTRAINT_TOO_LARGE: 'constraint',
  TSLM_BAD_REGEX: 'constraint',
  TSLM_BAD_GRAMMAR: 'constraint',
  TSLM_LEFT_RECURSION: 'constraint',
  TSLM_VOCABULARY_CANNOT_WRITE: 'constraint',
};

/** What a request calls its input, and what it holds the text to. */
export interface ParameterNames {
  input?: string;
  constraint?: string;
}

export interface ErrorBody {
  error: { message: string; type: string; param: string | null; code: string | null };
}

export interface ErrorAnswer {
  status: ContentfulStatusCode;
  body: ErrorBody;
  headers: Record<string, string>;
}

/** What to answer for anything that was thrown. What no person can act on stays in the log. */
export function answerOf(thrown: unknown, names: ParameterNames = {}): ErrorAnswer {
  const error = explainShortage(thrown);
  // Of files that the server uses itself a client only learns what passes.
  const isOurs = !(error instanceof UserError) || (error !== thrown && STATUSES[error.code] === undefined);
  if (isOurs) {
    const message = 'The server failed to answer; its log says why.';
    return { status: 500, body: { error: { message, type: 'server_error', param: null, code: null } }, headers: {} };
  }
  const status = STATUSES[error.code] ?? 400;
  const type = TYPES[status] ?? (status < 500 ? 'invalid_request_error' : 'server_error');
  const code = CODES[error.code] ?? error.code.replace(/^TSLM_/, '').toLowerCase();
  const message = error.hint === undefined ? error.message : `${error.message} (${error.hint})`;
  const known = code === 'model_not_found' ? 'model' : (names[KINDS[error.code]] ?? null);
  const param = error instanceof RequestError ? error.param : known;
  const retryAfter = error instanceof RequestError ? error.retryAfter : undefined;
  const waits = retryAfter ?? (status === 429 || status === 503 ? 1 : undefined);
  const headers: Record<string, string> = waits === undefined ? {} : { 'retry-after': String(Math.ceil(waits)) };
  if (status === 401) headers['www-authenticate'] = 'Bearer';
  return { status, body: { error: { message, type, param, code } }, headers };
}
