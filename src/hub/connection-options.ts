/** What requests to the hub go by: which model of which hub, who asks, and what is borne. */
import type { HubToken } from './environment.ts';

/** One model on one hub. */
export interface Connection {
  id: string;
  revision: string;
  endpoint: string;
  token?: HubToken;
  /** Milliseconds without a byte after which a connection counts as broken. */
  timeout: number;
  /** Milliseconds before the second try; each later wait is twice as long. */
  retryDelay: number;
  signal?: AbortSignal;
  /** Whether the environment names a proxy, which Node.js does not use unasked. */
  isProxied?: boolean;
  onRetry?: (reason: string, seconds: number) => void;
}
