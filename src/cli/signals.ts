/**
 * SIGINT, SIGTERM and SIGHUP: stop where the work can go on from, save, exit with 130, 143 or 129. A second signal ends at
 * once: the system's own handling is back by then, so that it does so even while native code runs.
 */

const exitCodes = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 } as const;
const names = Object.keys(exitCodes) as (keyof typeof exitCodes)[];

/**
 * Runs `body` with a signal that aborts when the process is asked to end; the exit code
 * is set then.
 *
 * @param notice printed on stderr when that happens
 * @param print prints it
 */
export async function withSignals<T>(
  notice: string,
  body: (signal: AbortSignal) => Promise<T>,
  print: (line: string) => void = line => process.stderr.write(`${line}\n`),
): Promise<T> {
  const controller = new AbortController();
  const forget = (): void => {
    for (const name of names) process.off(name, stop);
  };
  const stop = (name: NodeJS.Signals): void => {
    forget();
    if (notice !== '') print(`\n${notice}`);
    process.exitCode = exitCodes[name as keyof typeof exitCodes];
    controller.abort();
  };
  for (const name of names) process.on(name, stop);
  try {
    return await body(controller.signal);
  } finally {
    forget();
  }
}
