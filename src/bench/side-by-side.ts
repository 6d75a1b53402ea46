/** Timing a step, and beside it the peer's in turns, so that whatever else the machine does meets both alike. */
import { residentBytes } from '../support/resident.ts';
import type { Peer, PeerStep } from './python-peer.ts';

export interface SideBySide {
  /** Median over the timed steps. */
  seconds: number;
  /** Largest resident set of this process after the last step. */
  peakMemoryBytes: number;
  peer?: PeerStep & Pick<Peer, 'torch' | 'threads'>;
}

/**
 * @param step does one and returns its seconds
 * @param options.steps that are timed, after one that is not
 */
export async function sideBySide(
  step: () => number,
  { steps, peer }: { steps: number; peer?: Peer },
): Promise<SideBySide> {
  const ours: number[] = [];
  const theirs: PeerStep[] = [];
  for (let round = 0; round <= steps; round++) {
    ours.push(step());
    if (peer) theirs.push(await peer.step());
  }
  return {
    seconds: median(ours.slice(1)),
    peakMemoryBytes: residentBytes().peak,
    ...(peer && {
      peer: {
        torch: peer.torch,
        threads: peer.threads,
        seconds: median(theirs.slice(1).map(({ seconds }) => seconds)),
        peakMemoryBytes: theirs.at(-1)!.peakMemoryBytes,
      },
    }),
  };
}

export interface PeerFigures extends NonNullable<SideBySide['peer']> {
  tokensPerSecond: number;
  /** Our tokens a second divided by the peer's. */
  ratio: number;
}

/** The peer's figures for steps of n tokens. */
export const peerFigures = ({ seconds, peer }: SideBySide, tokens: number): PeerFigures | undefined =>
  peer && { ...peer, tokensPerSecond: tokens / peer.seconds, ratio: peer.seconds / seconds };

/** Of an even number the mean of the two in the middle. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length / 2;
  return (sorted[Math.ceil(middle) - 1] + sorted[Math.floor(middle)]) / 2;
}
