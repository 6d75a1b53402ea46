/**
 * Writes an n-gram model as an ARPA file (the format of SRILM's ngram-format(5), as KenLM reads it): logarithms to base
 * 10, one n-gram a line. A token that both ends and begins documents is written as `</s>` where it ends one and as
 * `<s>` where it begins one, so that other programs give the same probabilities.
 */
import { writeAtomically } from '../support/files.ts';
import { toArpaWord } from './arpa-words.ts';
import { LineWriter } from './line-writer.ts';
import type { NgramModel } from './model.ts';
import { END, START, UNKNOWN } from './text.ts';
import { forEachNgram } from './trie.ts';
import { startIsSilent } from './vocabulary.ts';

/** SRILM's logarithm of zero. */
const NEVER = -99;
const TAB = 0x09;
const NEWLINE = 0x0a;
const SPACE = 0x20;

/** @param words tokens by id, unescaped */
export function writeArpa(model: NgramModel, words: readonly string[], path: string): void {
  const { trie, vocabulary, order } = model;
  const { start, end, unknown } = vocabulary;
  const names = words.map(word => Buffer.from(toArpaWord(word)));
  const startName = Buffer.from(START);
  if (unknown !== undefined) names[unknown] = Buffer.from(UNKNOWN);
  if (end !== undefined) names[end] = Buffer.from(END);
  // Start and end are a line each, also where they share an id or where nothing ends a document.
  const shared = !startIsSilent(vocabulary);
  const extra = shared || end === undefined ? 1 : 0;

  writeAtomically(path, fd => {
    const out = new LineWriter(fd);
    const line = (logProb: number, ngram: ArrayLike<Uint8Array>, logBackoff?: number) => {
      out.decimal(logProb / Math.LN10);
      for (let i = 0; i < ngram.length; i++) {
        out.byte(i === 0 ? TAB : SPACE);
        out.bytes(ngram[i]);
      }
      if (logBackoff !== undefined) {
        out.byte(TAB);
        out.decimal(logBackoff / Math.LN10);
      }
      out.byte(NEWLINE);
    };
    out.text('\\data\\\n');
    for (const [i, { tokens }] of trie.entries()) out.text(`ngram ${i + 1}=${tokens.length + (i === 0 ? extra : 0)}\n`);
    for (let n = 1; n <= order; n++) {
      const { logProbs, logBackoffs } = trie[n - 1];
      const backoffOf = (node: number) => (n < order ? logBackoffs[node] : undefined);
      out.text(`\n\\${n}-grams:\n`);
      if (n === 1) {
        line(0, [startName], backoffOf(start));
        if (extra) line(shared ? logProbs[start] : NEVER * Math.LN10, [Buffer.from(END)], order > 1 ? 0 : undefined);
      }
      const ngram = new Array<Uint8Array>(n);
      forEachNgram(trie, n, (node, tokens) => {
        if (n === 1 && node === start) return;
        for (let i = 0; i < n; i++) ngram[i] = tokens[i] === start && i < n - 1 ? startName : names[tokens[i]];
        line(logProbs[node], ngram, backoffOf(node));
      });
    }
    out.text('\n\\end\\\n');
    out.flush();
  });
}
