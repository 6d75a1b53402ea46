/**
 * Answers that are parts of a given text, as Transformers' `question-answering` pipeline finds them: a long text is read
 * in windows that overlap, each with the question. Offsets count code points, as those of encodings do.
 */
import type { Model } from '../models/model.ts';
import type { Encoding } from '../tokenizers/encode/encoding.ts';
import { paddingSide } from '../tokenizers/folders/tokenizer-config.ts';
import type { Tokenizer } from '../tokenizers/tokenizer.ts';
import { bestSpans, type WindowScores } from './answer-spans.ts';
import { checkReadsText, inBatches, maxInputLength } from './inputs.ts';
import { checkTask } from './labels.ts';
import { windowsOf } from './windows.ts';

export interface AnswerOptions {
  /** So many answers, the most probable first. Default 1. */
  topK?: number;
  /** Most tokens of an answer. Default 15. */
  maxAnswerLength?: number;
  /** Tokens of a window, the question included, at most what the model reads. Default 384. */
  maxLength?: number;
  /** Tokens that neighbouring windows share. Default 128, or half a window. */
  stride?: number;
  /** That there is no answer is one, too: the empty text. Default false. */
  handleImpossibleAnswer?: boolean;
  /** Answers consist of whole words, where the tokenizer knows words. Default true. */
  alignToWords?: boolean;
}

export interface Answer {
  text: string;
  /** Its probability; that of a text found in several windows is summed over them. */
  score: number;
  /** In code points of the context. */
  start: number;
  end: number;
}

export interface Answers {
  answers: Answer[];
  /** Tokens that were read. */
  tokens: number;
}

/** @throws UserError when the model does not mark answers, or the question fills the window */
export function answerQuestion(
  model: Model,
  tokenizer: Tokenizer,
  { question, context }: { question: string; context: string },
  options: AnswerOptions = {},
): Answers {
  const { topK = 1, maxAnswerLength = 15, handleImpossibleAnswer = false, alignToWords = true } = options;
  checkTask(model, ['questionAnswering'], 'mark answers in a text');
  checkReadsText(model);
  const maxLength = Math.min(options.maxLength ?? 384, maxInputLength(model, tokenizer));
  const { stride = Math.min(128, Math.floor(maxLength / 2)) } = options;
  const questionFirst = paddingSide(tokenizer.config) === 'right';
  const [text, pair] = questionFirst ? [question, context] : [context, question];
  const sequence = questionFirst ? 1 : 0;
  const windows = windowsOf(tokenizer.encode(text, { pair }), sequence, { maxLength, stride });
  const cls = tokenizer.config.cls_token == null ? undefined : tokenizer.tokenToId(tokenizer.config.cls_token);

  const scores = inBatches(model, windows, ({ inputs, indices, starts }): WindowScores[] => {
    const { startLogits, endLogits } = model.forward(inputs);
    return indices.map((index, row) => {
      const { ids, sequenceIds } = windows[index];
      const [start, end] = [startLogits!, endLogits!].map(logits =>
        logits.select(0, row).narrow(0, starts[row], ids.length).toNumbers(),
      );
      return { start, end, isCandidate: ids.map((id, i) => sequenceIds[i] === sequence || id === cls) };
    });
  });

  const characters = [...context];
  const answers: Answer[] = [];
  let nullScore = 1e6;
  for (const [w, window] of windows.entries()) {
    // Spans that are one answer once they are whole words make room for others.
    const wanted = alignToWords ? 2 * topK + 10 : topK;
    const { spans, noAnswer } = bestSpans(scores[w], { topK: wanted, maxAnswerLength });
    nullScore = Math.min(nullScore, noAnswer);
    for (const span of spans) {
      const { start, end } = placeOf(window, span, { sequence, alignToWords });
      const text = characters.slice(start, end).join('');
      const known = answers.find(answer => answer.text.toLowerCase() === text.toLowerCase());
      if (known) known.score += span.score;
      else answers.push({ text, score: span.score, start, end });
    }
  }
  if (handleImpossibleAnswer) answers.push({ text: '', score: nullScore, start: 0, end: 0 });
  return {
    answers: answers.sort((a, b) => b.score - a.score).slice(0, topK),
    tokens: windows.reduce((sum, { length }) => sum + length, 0),
  };
}

/** Where a span of tokens, or of the words that they are part of, lies in the context. */
function placeOf(
  { starts, ends, wordIds, sequenceIds }: Encoding,
  { first, last }: { first: number; last: number },
  { sequence, alignToWords }: { sequence: number; alignToWords: boolean },
): { start: number; end: number } {
  const isWord = (i: number): boolean => sequenceIds[i] === sequence && wordIds[i] !== null;
  if (!alignToWords || !isWord(first) || !isWord(last)) return { start: starts[first], end: ends[last] };
  const sameWord = (word: number | null) => (i: number) => sequenceIds[i] === sequence && wordIds[i] === word;
  const places = [...wordIds.keys()];
  return {
    start: starts[places.find(sameWord(wordIds[first]))!],
    end: ends[places.findLast(sameWord(wordIds[last]))!],
  };
}
