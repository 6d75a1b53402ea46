/** What a person sees of a training run: one live line on a terminal, and a line for each evaluation. */

import type { RunHooks } from '../../runs/run.ts';
import { formatCount, formatDuration, sparkline } from '../../support/format.ts';
import { reportProgress } from '../../support/progress.ts';

/**
 * @param options.stream where to draw; a live line only on a terminal
 * @param options.json the result is for a machine: draw nothing except on a terminal
 */
export function trainingView({
  stream = process.stderr,
  json = false,
}: {
  stream?: NodeJS.WriteStream;
  json?: boolean;
} = {}): RunHooks {
  const onWarning = (warning: string): void => void stream.write(`note: ${warning}\n`);
  const onNote = (note: string): void => void stream.write(`${note}\n`);
  const isQuiet = json && !stream.isTTY;
  const draw = (text: string): void => {
    if (!isQuiet) stream.write(text);
  };
  const losses: number[] = [];
  let steps = 0;
  let secondsLeft: number | undefined;
  let startStep = 0;
  let start = 0;
  let tokens = 0;
  let drawn = 0;
  const clear = (): void => {
    if (stream.isTTY) draw('\r\x1b[K');
  };
  return {
    onWarning(warning) {
      clear();
      onWarning(warning);
    },
    onNote,
    onRestart() {
      draw('the run ended before its first checkpoint: it begins again\n');
    },
    onStart(info) {
      ({ steps, startStep, secondsLeft } = info);
      start = performance.now();
      const isOver = secondsLeft === undefined ? startStep >= steps : secondsLeft <= 0;
      if (isOver) {
        const key = secondsLeft !== undefined ? 'budget=2h' : info.epochs === undefined ? 'steps=N' : 'epochs=N';
        const what = secondsLeft === undefined ? `all ${steps} steps are` : 'its time is';
        draw(`${what} done; \`--set train.${key}\` prolongs the run\n`);
        return;
      }
      if (info.vectors) {
        const { file, found, rows } = info.vectors;
        draw(`${formatCount(found)} of ${formatCount(rows)} tokens begin with a vector of ${file}\n`);
      }
      const length = secondsLeft === undefined ? `${steps} steps` : `${formatDuration(secondsLeft)} of steps`;
      const resumed = startStep > 0 ? `, from step ${startStep}` : '';
      draw(
        `training ${formatCount(info.parameters)} parameters in ${info.dtype}: ${length} of ${formatCount(info.tokensPerStep)} tokens${resumed}\n`,
      );
    },
    onStep(metrics) {
      losses.push(metrics.loss);
      tokens += metrics.tokens;
      const now = performance.now();
      const seconds = (now - start) / 1000;
      const left =
        secondsLeft === undefined
          ? (seconds / (metrics.step - startStep)) * (steps - metrics.step)
          : Math.max(0, secondsLeft - seconds);
      const recent = losses.slice(-20);
      const mean = recent.reduce((sum, loss) => sum + loss, 0) / recent.length;
      const { reward } = metrics.terms;
      const worth = reward === undefined ? `loss ${mean.toFixed(3)}` : `reward ${reward.toFixed(3)}`;
      reportProgress({
        label: 'training',
        ...(secondsLeft === undefined
          ? { done: metrics.step, total: steps, unit: 'steps' }
          : { done: seconds, total: secondsLeft, unit: 's' }),
        secondsLeft: left,
        note: worth,
      });
      if (!stream.isTTY || (now - drawn < 200 && metrics.step !== steps)) return;
      drawn = now;
      const line = [
        secondsLeft === undefined ? `step ${metrics.step}/${steps}` : `step ${metrics.step}`,
        worth,
        `${formatCount(tokens / seconds)} tokens/s`,
        `${formatDuration(left)} left`,
        sparkline(losses, 24),
      ].join('  ');
      draw(`\r\x1b[K${line.slice(0, (stream.columns || 80) - 1)}`);
    },
    onEvaluate(step, loss, isBest, decides) {
      clear();
      const recent = losses.slice(-50);
      const training = recent.reduce((sum, value) => sum + value, 0) / recent.length;
      const speed = formatCount(tokens / ((performance.now() - start) / 1000));
      draw(
        `step ${String(step).padStart(String(steps).length)}  training loss ${training.toFixed(4)}  held-out loss ${loss.toFixed(4)}${decides ? `  ${decides.metric} ${decides.value.toFixed(4)}` : ''}${isBest ? '' : '  (not the best)'}  ${speed} tokens/s\n`,
      );
    },
    onSample({ prompt, text, reward }) {
      clear();
      const worth = reward === undefined ? '' : `   (reward ${Number(reward.toFixed(3))})`;
      draw(`  │ ${(prompt + text).replace(/\n/g, '\n  │ ')}${worth}\n`);
    },
  };
}
