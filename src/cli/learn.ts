/** `tslm learn FOLDER`: what people said becomes a new revision, if it is better. */
import { getPriority, setPriority } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { Command, InvalidArgumentError, Option } from 'commander';
import type { LearnResult, OnPass } from '../online/learn.ts';
import { usageError } from '../support/errors.ts';
import { formatDuration } from '../support/format.ts';
import { reportProgress } from '../support/progress.ts';
import { collect, positiveInteger } from './options.ts';
import { printJson, printTable } from './print.ts';
import { followedBy } from './revisions.ts';
import { withSignals } from './signals.ts';

interface Options {
  model?: string;
  every?: number;
  after?: number;
  replay?: string[] | false;
  rebuild?: boolean;
  then: OnPass;
  json?: boolean;
}

export function learnCommand(): Command {
  return new Command('learn')
    .description('learn from judgements that a service has kept; what is better takes the place of what answers')
    .argument('<folder>', 'that `tslm serve MODEL --learn` writes')
    .option('--model <path>', 'the model, where nothing was served from the folder yet')
    .option('--every <time>', 'learn again and again, after each such time: 90s, 30m, 1h', duration)
    .option('--after <n>', 'keep running, and learn whenever there are n new judgements', positiveInteger)
    .option(
      '--replay <file>',
      'rows of what the model was trained on (default: what its run.json names); may be repeated',
      collect,
    )
    .option('--no-replay', 'repeat nothing of that, and do not measure what is forgotten')
    .option('--rebuild', 'begin with the model itself again, with the judgements that are there now')
    .addOption(
      new Option(
        '--then <what>',
        'with a candidate that has passed: everybody gets it, a few people first, nobody while it answers beside what is shown, or nothing',
      )
        .choices(['promote', 'canary', 'shadow', 'nothing'])
        .default('promote'),
    )
    .option('--json', 'print the result as JSON')
    .addHelpText(
      'after',
      '\nExamples:\n  $ tslm learn learning/\n  $ tslm learn learning/ --every 1h --then canary\n' +
        '  $ tslm learn learning/ --replay chats.jsonl\n',
    )
    .action(async (folder: string, options: Options) => {
      if (options.every !== undefined && options.after !== undefined) {
        throw usageError('TSLM_CONTRADICTION', '--every and --after are both given', 'leave one of them out');
      }
      if (options.rebuild && (options.every !== undefined || options.after !== undefined)) {
        throw usageError('TSLM_CONTRADICTION', '--rebuild is done once', 'leave out --every and --after');
      }
      try {
        if (getPriority() < BEHIND) setPriority(BEHIND); // whoever answers comes first
      } catch {
        // A system without priorities.
      }
      // A server that learns in the background has started it, and may be gone without a word.
      const server = new AbortController();
      process.once('disconnect', () => server.abort());
      process.channel?.unref(); // listening for that is no reason to stay
      if (process.send && !process.connected) server.abort();
      await withSignals('stopping; nothing is changed …', signal =>
        rounds(folder, options, AbortSignal.any([signal, server.signal])),
      );
    });
}

async function rounds(folder: string, options: Options, signal: AbortSignal): Promise<void> {
  const { learn, waitingJudgements } = await import('../online/learn.ts');
  const { openRegistry } = await import('../online/registry/registry.ts');
  const { openStore } = await import('../online/store/store.ts');
  using store = openStore(folder, { mustExist: options.model === undefined });
  const { model, rebuild, then } = options;
  const isOnce = options.every === undefined && options.after === undefined;
  do {
    const isDue = options.after === undefined || waitingJudgements(store, openRegistry(store, model)) >= options.after;
    if (isDue) {
      let shown = 0;
      const result = await learn(store, {
        model,
        rebuild,
        onPass: then,
        replay: options.replay,
        signal,
        onNote: note => process.stderr.write(`${note}\n`),
        onStep(step, steps, loss) {
          reportProgress({
            label: 'learning',
            done: step,
            total: steps,
            unit: 'steps',
            note: `loss ${loss.toFixed(3)}`,
          });
          if (step < steps && performance.now() - shown < 1000) return;
          shown = performance.now();
          if (process.stderr.isTTY) process.stderr.write(`\rstep ${step} of ${steps}, loss ${loss.toFixed(3)} `);
          if (process.stderr.isTTY && step === steps) process.stderr.write('\n');
        },
      });
      if (result.outcome === 'promoted') await followedBy(folder, result.champion);
      if (isOnce || result.skipped === undefined) show(result, options);
    }
    if (isOnce) return;
    await sleep(options.every ?? POLL, undefined, { signal }).catch(() => {});
  } while (!signal.aborted);
}

const POLL = 2000;

/** Priority of what nobody waits for. */
const BEHIND = 5;

function show(result: LearnResult, { json }: Options): void {
  if (json) {
    printJson(result);
    return;
  }
  const { skipped, candidate, champion, decision, lessons, outcome, seconds } = result;
  if (skipped !== undefined) {
    printTable([['nothing learnt', skipped]]);
    return;
  }
  const left = lessons!.leftOut.length > 0 ? `, ${lessons!.leftOut.length} of ${lessons!.people} people left out` : '';
  printTable([
    ['gate', decision!.sentence],
    [
      'learnt',
      `${Object.entries(lessons!.training)
        .map(([kind, count]) => `${count} ${kind}`)
        .join(', ')}${left}`,
    ],
    ['candidate', `${candidate} in ${formatDuration(seconds)}`],
    ['champion', `${champion}${OUTCOMES[outcome] ?? ''}`],
  ]);
}

const OUTCOMES: Partial<Record<LearnResult['outcome'], string>> = {
  promoted: ', the candidate',
  challenges: '; the candidate answers a few',
  shadows: '; the candidate answers in the shadow',
};

/** Milliseconds. */
function duration(text: string): number {
  const [, value, unit] = /^(\d+(?:\.\d+)?)\s*(s|m|h)$/.exec(text) ?? [];
  const seconds = Number(value) * { s: 1, m: 60, h: 3600 }[unit as 's' | 'm' | 'h'];
  if (!(seconds > 0) || seconds > 2_000_000)
    throw new InvalidArgumentError('a time is a number with a unit: 90s, 30m, 1h.');
  return seconds * 1000;
}
