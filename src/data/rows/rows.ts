/** The kinds of rows that models learn from. Columns have TRL's names. */

import type { ChatMessage } from '../../tokenizers/tokenizer.ts';

/** A text as it stands, or messages that a chat template renders. */
export type Said = string | readonly ChatMessage[];
/** JSON schemas of functions that a model may call. */
export type Tools = readonly Record<string, unknown>[];

/** Ids of 16 bits where the vocabulary allows, else of 32. */
export type Tokens = Uint16Array | Uint32Array;

export interface Rows {
  /** A window of a corpus. */
  tokens: {
    ids: Tokens;
    /** Where documents begin inside, rising; a document that began before the window is not among them. */
    starts: readonly number[];
  };
  text: { text: string };
  document: {
    /** As tokens without special ones. */
    sentences: readonly Tokens[];
    /** Which of the data set's documents it is. */
    index: number;
  };
  /** What goes on with a prompt; both are texts, or both messages. */
  completion: { prompt: Said; completion: Said; tools?: Tools };
  chat: { messages: readonly ChatMessage[]; tools?: Tools };
  /** Whatever a model can be instructed by. */
  instruction: Rows['chat'] | Rows['completion'] | Rows['text'];
  /** Two answers, the first of which is the better one; how much better by, where that is known. */
  preference: { prompt: Said; chosen: Said; rejected: Said; tools?: Tools; margin?: number };
  /** An answer that is good or not. */
  feedback: { prompt: Said; completion: Said; label: boolean; tools?: Tools };
  /** What is asked. Whoever judges answers is given all of the row's columns. */
  prompt: { prompt: Said; tools?: Tools; columns: Readonly<Record<string, unknown>> };
  labelled: { text: string; pair?: string; label: number | string | readonly number[] };
  /** Words, and a tag for each: its name, or its number. */
  tagged: { tokens: readonly string[]; tags: readonly (string | number)[] };
  /** Answers are spans of the context, `start` in code points; an empty list: the question is unanswerable. */
  reading: { question: string; context: string; answers: readonly { text: string; start: number }[] };
  /** Sentences that belong together, and one that does not although it looks so (sentence-transformers' names). */
  triplet: { anchor: string; positive: string; negative?: string };
  /** Which of the choices answers the question, by number, letter or words; about a text, where there is one. */
  choice: { question: string; choices: readonly string[]; answer: string | number; context?: string };
  translation: { source: string; target: string };
  /** Pixels of RGB, rows from above. */
  image: { pixels: Uint8Array; width: number; height: number; text?: string; label?: number | string };
}

/** Names of the kinds of rows that objectives learn from. */
export type RowKind = keyof Rows;
