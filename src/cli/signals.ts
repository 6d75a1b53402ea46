/** SIGINT and SIGTERM: finish the step in progress, save, exit 130 or 143. A second signal ends at once. */
const exitCodes = { SIGINT: 130, SIGTERM: 143 } as const;

/**
 * Runs `body` with a signal that aborts when the process is asked to end; the exit code is set then.
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
  const stop = (name: NodeJS.Signals): void => {
    const code = exitCodes[name as keyof typeof exitCodes];
    if (controller.signal.aborted) process.exit(code);
    print(`\n${notice}`);
    process.exitCode = code;
    controller.abort();
  };
  for (const name of Object.keys(exitCodes)) process.on(name, stop);
  try {
    return await body(controller.signal);
  } finally {
    for (const name of Object.keys(exitCodes)) process.off(name, stop);
  }
}
