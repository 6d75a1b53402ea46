/**
 * Accuracy on lists of analogies (`questions-words.txt` of word2vec, CA8): `: section` lines, and below each lines of four words.
 * As in word2vec's own tool questions with an unknown word are left out, and counted.
 */
import { type AnalogyMethod, mulScore } from '../analogy.ts';
import type { WordVectors } from '../word-vectors.ts';
import { badLine, linesOf } from './lines.ts';

/** Analogies of one section of the file. */
export interface AnalogySection {
  name: string;
  questions: [a: string, b: string, c: string, d: string][];
}

export interface AnalogyResult {
  questions: number;
  /** Questions whose four words are known. */
  known: number;
  /** Correct answers by 3CosAdd and 3CosMul. */
  correct: Record<AnalogyMethod, number>;
  /** Correct answers of the known questions; null where there are none. */
  accuracy: Record<AnalogyMethod, number | null>;
}

/** Reads a file of analogies as word2vec's: `: section` lines, and lines of four words. */
export async function readAnalogies(path: string): Promise<AnalogySection[]> {
  const sections: AnalogySection[] = [];
  for (const [i, line] of (await linesOf(path)).entries()) {
    const words = line.trim().split(/\s+/);
    if (line.startsWith(':')) sections.push({ name: line.slice(1).trim(), questions: [] });
    else if (words.length === 4) {
      if (sections.length === 0) sections.push({ name: 'questions', questions: [] });
      sections.at(-1)!.questions.push(words as AnalogySection['questions'][number]);
    } else if (line.trim() !== '')
      throw badLine(path, i, 'four words, or a colon and the name of a section, are expected');
  }
  return sections;
}

/** Rows of vectors that are compared with all words of the questions at once. */
const BLOCK = 4096;

/** Results by section, and over all of them. */
export function evaluateAnalogies(
  vectors: WordVectors,
  sections: readonly AnalogySection[],
): { sections: ({ name: string } & AnalogyResult)[]; total: AnalogyResult } {
  const asked = sections.map(({ questions }) => questions.map(words => words.map(word => vectors.indexOf(word))));
  const known = asked.map(questions => questions.filter(rows => rows.every(row => row >= 0)));
  const answers = answer(vectors, known.flat());
  let at = 0;
  const results = sections.map(({ name, questions }, i) => {
    const correct = { add: 0, mul: 0 };
    for (const [, , , expected] of known[i]) {
      if (answers.add[at] === expected) correct.add++;
      if (answers.mul[at] === expected) correct.mul++;
      at++;
    }
    return { name, ...resultOf(questions.length, known[i].length, correct) };
  });
  const sum = (count: (result: AnalogyResult) => number): number => results.reduce((all, one) => all + count(one), 0);
  const total = resultOf(
    sum(result => result.questions),
    sum(result => result.known),
    { add: sum(result => result.correct.add), mul: sum(result => result.correct.mul) },
  );
  return { sections: results, total };
}

function resultOf(questions: number, known: number, correct: Record<AnalogyMethod, number>): AnalogyResult {
  const accuracy = (count: number): number | null => (known > 0 ? count / known : null);
  return { questions, known, correct, accuracy: { add: accuracy(correct.add), mul: accuracy(correct.mul) } };
}

/** The best row for each question. Few words make many questions, so their cosines are computed once a block of rows. */
function answer(vectors: WordVectors, questions: readonly number[][]): Record<AnalogyMethod, Int32Array> {
  const rows = [...new Set(questions.flatMap(question => question.slice(0, 3)))];
  const slots = new Map(rows.map((row, slot) => [row, slot]));
  const best = { add: new Int32Array(questions.length).fill(-1), mul: new Int32Array(questions.length).fill(-1) };
  const scores = { add: new Float64Array(questions.length).fill(-Infinity), mul: new Float64Array(questions.length) };
  scores.mul.fill(-Infinity);
  const { dimension, norms, vectors: all } = vectors;
  const cosines = new Float32Array(rows.length * BLOCK);
  for (let from = 0; from < vectors.size; from += BLOCK) {
    const count = Math.min(BLOCK, vectors.size - from);
    for (const [slot, row] of rows.entries()) {
      const query = vectors.row(row);
      for (let j = 0; j < count; j++) {
        const start = (from + j) * dimension;
        let sum = 0;
        for (let i = 0; i < dimension; i++) sum += all[start + i] * query[i];
        cosines[slot * BLOCK + j] = sum / (norms[row] * norms[from + j] || 1);
      }
    }
    for (const [q, [a, b, c]] of questions.entries()) {
      const [atA, atB, atC] = [a, b, c].map(row => slots.get(row)! * BLOCK);
      for (let j = 0; j < count; j++) {
        const row = from + j;
        const [cosA, cosB, cosC] = [cosines[atA + j], cosines[atB + j], cosines[atC + j]];
        const add = cosB - cosA + cosC;
        const mul = mulScore(cosA, cosB, cosC);
        if (!(add > scores.add[q] || mul > scores.mul[q]) || row === a || row === b || row === c) continue;
        if (add > scores.add[q]) [scores.add[q], best.add[q]] = [add, row];
        if (mul > scores.mul[q]) [scores.mul[q], best.mul[q]] = [mul, row];
      }
    }
  }
  return best;
}
