/** Limits of each key: buckets that fill evenly within a minute (token bucket), and a count of requests under way. */
import { RequestError } from '../../../engine/request-error.ts';
import type { KeyHolder } from './key-holder.ts';

export interface Limiter {
  /**
   * Lets a request in; call the result when it is over, with the tokens that it took.
   *
   * @throws RequestError with the seconds to wait
   */
  admit(holder: KeyHolder): (tokens: number) => void;
}

interface Bucket {
  level: number;
  filled: number;
}

interface State {
  running: number;
  requests: Bucket;
  tokens: Bucket;
}

/** @param now seconds */
export function createLimiter(now: () => number = () => performance.now() / 1000): Limiter {
  const states = new Map<string, State>();
  const full = (): Bucket => ({ level: Infinity, filled: now() });
  const stateOf = ({ name }: KeyHolder): State => {
    const state = states.get(name) ?? { running: 0, requests: full(), tokens: full() };
    states.set(name, state);
    return state;
  };
  const fill = (bucket: Bucket, perMinute: number): void => {
    bucket.level = Math.min(perMinute, bucket.level + ((now() - bucket.filled) * perMinute) / 60);
    bucket.filled = now();
  };

  return {
    admit(holder) {
      const { requestsPerMinute, tokensPerMinute, concurrency } = holder.limits ?? {};
      const state = stateOf(holder);
      if (concurrency !== undefined && state.running >= concurrency) {
        throw new RequestError('TSLM_CONCURRENCY_LIMIT', `this key may have ${concurrency} requests under way`, {
          retryAfter: 1,
        });
      }
      if (tokensPerMinute !== undefined) {
        fill(state.tokens, tokensPerMinute);
        if (state.tokens.level <= 0) {
          const retryAfter = ((1 - state.tokens.level) * 60) / tokensPerMinute;
          throw new RequestError('TSLM_TOKEN_LIMIT', `this key may use ${tokensPerMinute} tokens a minute`, {
            retryAfter,
          });
        }
      }
      if (requestsPerMinute !== undefined) {
        fill(state.requests, requestsPerMinute);
        if (state.requests.level < 1) {
          const retryAfter = ((1 - state.requests.level) * 60) / requestsPerMinute;
          throw new RequestError('TSLM_RATE_LIMIT', `this key may make ${requestsPerMinute} requests a minute`, {
            retryAfter,
          });
        }
        state.requests.level--;
      }
      state.running++;
      return tokens => {
        state.running--;
        state.tokens.level -= tokens; // what is not limited is endless, and stays so
      };
    },
  };
}
