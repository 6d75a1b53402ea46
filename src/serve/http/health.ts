/** `/health`: whether every model answers and every client can be told apart; what is wrong is named, and why is in the log. */
import type { ModelPool } from '../../engine/protocol.ts';
import type { Keys } from './keys/key-file.ts';

export function healthOf(pool: ModelPool, keys: Keys | undefined): Response {
  const down = pool.states().filter(({ isUp }) => !isUp);
  const problem = keys?.problem?.();
  if (pool.isReady && down.length === 0 && problem === undefined) return Response.json({ status: 'ok' });
  const problems = [
    ...(problem === undefined ? [] : [problem]),
    ...down.map(({ id }) => `the model '${id}' has ended and is being started again`),
  ];
  const body = { status: pool.isReady ? 'failing' : 'loading', ...(problems.length > 0 && { problems }) };
  return Response.json(body, { status: 503, headers: { 'retry-after': '1' } });
}
