/** The date some days after another, month by month. */
import type { ProblemTask } from './problem.ts';

const DAY = 24 * 3600 * 1000;
const format = (time: number): string => new Date(time).toISOString().slice(0, 10);

export const dates: ProblemTask = {
  description: 'the date some days after another',
  size: { of: 'days at most', default: 90, most: 3650 },
  draw(random, size) {
    const start = Date.UTC(1970, 0, 1) + random.below(36525) * DAY;
    const days = 1 + random.below(size);
    const steps: string[] = [];
    const detailed: string[] = [];
    let [time, left] = [start, days];
    while (left > 0) {
      const date = new Date(time);
      const next = Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1, 1);
      const toNext = (next - time) / DAY;
      const step = Math.min(left, toNext);
      time += step * DAY;
      left -= step;
      steps.push(`${format(time)}:${left}`);
      detailed.push(`+${step} ${format(time)}, ${left} left`);
    }
    return { question: `${format(start)}+${days}`, answer: format(time), steps, detailed };
  },
};
