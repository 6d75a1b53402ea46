/** A service's folder with simulated people in it, for a model of bytes. */
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { stringify } from 'yaml';
import type { FeedbackStore } from '../../src/online/store/store.ts';
import { createRandom } from '../../src/support/random.ts';

/** Settings with which a round takes a few seconds. */
export function writeSettings(
  folder: string,
  more: Record<string, unknown> & { update?: object; gate?: object } = {},
): void {
  mkdirSync(folder, { recursive: true });
  // Which prompts are held out follows from the key.
  writeFileSync(join(folder, 'secret.key'), 'a key that is always the same');
  const settings = {
    retentionDays: 0,
    ...more,
    update: { epochs: 2, lr: 5e-3, rank: 4, heldOut: 0.3, kl: 0.5, ...more.update },
    gate: { windows: 8, lossMargin: 0.05, ...more.gate },
  };
  writeFileSync(join(folder, 'learning.yaml'), stringify(settings));
}

/** What a model of bytes is said to have been trained on. */
export function writeReplay(path: string): string {
  const random = createRandom(5);
  const words = ['so', 'it', 'was', 'and', 'the', 'sea', 'ran', 'on'];
  const line = (): string => Array.from({ length: 6 }, () => words[random.below(words.length)]).join(' ');
  writeFileSync(path, Array.from({ length: 40 }, () => JSON.stringify({ text: line() })).join('\n'));
  return path;
}

export interface People {
  people: number;
  /** Choices of each. */
  each: number;
  /** How many of the people want the opposite, the last ones. */
  opposed?: number;
  /** Share of choices that are made at random. */
  noise?: number;
  seed?: number;
  revision?: string;
  prefix?: string;
}

/** Everybody is shown a short answer and a long one, and chooses the short one. */
export function simulate(
  store: FeedbackStore,
  { people, each, opposed = 0, noise = 0, seed = 1, revision = 'fp_0', prefix = '' }: People,
): string[] {
  const random = createRandom(seed);
  const letter = (): string => String.fromCharCode(97 + random.below(26));
  const judgements: string[] = [];
  for (let person = 0; person < people; person++) {
    for (let i = 0; i < each; i++) {
      const id = `cmpl-${prefix}${person}-${i}`;
      const prompt = `${letter()}${letter()}${letter()}: `;
      store.addAnswer({
        id,
        created: 1000 + i,
        model: 'tiny',
        revision,
        user: store.keyed.user(`person ${person}`),
        prompt,
        choices: [
          { position: 0, text: 'yes.', finish: 'stop' },
          { position: 1, text: 'no, no no.', finish: 'stop' },
        ],
      });
      const wants = person >= people - opposed ? 1 : 0;
      const position = random.next() < noise ? random.below(2) : wants;
      const user = store.keyed.user(`person ${person}`);
      judgements.push(store.addJudgement({ answer: id, position, user, value: { kind: 'choice' } }).id);
    }
  }
  return judgements;
}

/** Files of a folder, below it too, in which a text is. */
export function filesWith(folder: string, text: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter(name => {
    const path = join(folder, name);
    return statSync(path).isFile() && readFileSync(path).includes(text);
  });
}
