/**
 * Which pieces a unigram model can do without (Kudo 2018, §3.2): those whose loss, were they cut into other pieces instead,
 * is smallest.
 */
import type { UnigramCorpus } from './corpus.ts';
import { Lattice, type LatticeModel, UNKNOWN_PIECE } from './lattice.ts';
import { type Pieces, selectPieces } from './pieces.ts';

/**
 * @param frequencies how often each piece is in the most probable ways to cut the words
 * @param size how many pieces to keep; those without an alternative are kept in any case
 */
export function prunePieces(
  corpus: UnigramCorpus,
  pieces: Pieces,
  model: LatticeModel,
  frequencies: Float64Array,
  size: number,
): Pieces {
  const words = corpus.counts.reduce((sum, count) => sum + count, 0);
  const sum = frequencies.reduce((total, frequency) => total + frequency, 0);
  const lattice = new Lattice(corpus.chars, model);
  const kept = [UNKNOWN_PIECE];
  const candidates: { piece: number; loss: number }[] = [];
  for (let piece = 1; piece < pieces.starts.length; piece++) {
    const start = pieces.starts[piece];
    const alternative: number[] = [];
    const score = lattice.best(start, start + pieces.lengths[piece], part => void alternative.push(part), piece);
    const isBest = pieces.scores[piece] >= score;
    const frequency = frequencies[piece];
    if (frequency === 0 && !isBest) continue;
    if (alternative.length === 0 || !isBest) {
      kept.push(piece);
    } else if (frequency > 0) {
      const logProbability = Math.log(frequency) - Math.log(sum);
      // Every part of the alternative would occur as much more often.
      const logSum = Math.log(sum + frequency * (alternative.length - 1));
      let logAlternative = 0;
      for (const part of alternative) logAlternative += Math.log(frequencies[part] + frequency) - logSum;
      candidates.push({ piece, loss: (frequency / words) * (logProbability - logAlternative) });
    }
  }
  candidates.sort((a, b) => b.loss - a.loss);
  for (const { piece } of candidates.slice(0, Math.max(0, size - kept.length))) kept.push(piece);
  return selectPieces(
    pieces,
    kept,
    kept.map(piece => pieces.scores[piece]),
  );
}
