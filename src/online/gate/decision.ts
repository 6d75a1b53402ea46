/** What the gate says of a candidate. */
import type { Interval } from '../../evaluate/statistics/intervals.ts';

/** Candidate against champion on the same items; more is better. */
export interface Figure {
  candidate: number;
  champion: number;
  difference: number;
  /** Of 95 %. */
  interval: Interval;
  p: number;
  items: number;
  /** People, where items of one belong together. */
  users?: number;
}

/** What a figure counts: nats a token, points of a hundred, answers that are as they should be, or a metric's own values. */
export type Unit = 'nats' | 'points' | 'answers' | 'own';

export interface Guard extends Figure {
  name: string;
  unit: Unit;
  /** How far below 0 the lower end of the interval may be; of answers, the share of the champion's good ones that may be lost. */
  margin: number;
  /** Of answers: those that were as they should be and no longer are. */
  lost?: number;
  /** Of text from before: by how much the loss is above that of the model itself, after all rounds, as a share of it. */
  fromBase?: number;
  passed: boolean;
}

export interface Decision {
  passed: boolean;
  /** All of it in one line. */
  sentence: string;
  /** On held-out judgements; absent where there are too few. */
  target?: Figure & {
    /** Mean over people without the fifth on both ends. */
    trimmed: number;
    /** The mean without the person that it depends on most, and who that is. */
    leaveOneOut?: { user: string; difference: number };
  };
  guards: Guard[];
  reasons: string[];
}
