/**
 * Writes an n-gram model as an ARPA file (the format of SRILM's ngram-format(5), as KenLM reads it): logarithms to base
 * 10, one n-gram a line. A token that both ends and begins documents is written as `</s>` where it ends one and as
 * `<s>` where it begins one, so that other programs give the same probabilities.
 */
import { writeAtomically, writeFully } from '../../support/files.ts';
import { toArpaWord } from './arpa-words.ts';
import type { NgramModel } from './model.ts';
import { END, START, UNKNOWN } from './text.ts';
import { forEachNgram } from './trie.ts';
import { startIsSilent } from './vocabulary.ts';

const FLUSH_CHARACTERS = 1 << 20;
/** SRILM's logarithm of zero. */
const NEVER = -99;

/** @param words tokens by id, unescaped */
export function writeArpa(model: NgramModel, words: readonly string[], path: string): void {
  const { trie, vocabulary, order } = model;
  const { start, end, unknown } = vocabulary;
  const names = words.map(toArpaWord);
  if (unknown !== undefined) names[unknown] = UNKNOWN;
  if (end !== undefined) names[end] = END;
  const nameOf = (token: number, position: number, n: number) =>
    token === start && position < n - 1 ? START : names[token];

  writeAtomically(path, fd => {
    let text = '';
    const flush = (limit: number) => {
      if (text.length <= limit) return;
      writeFully(fd, Buffer.from(text));
      text = '';
    };
    // Start and end are a line each, also where they share an id or where nothing ends a document.
    const shared = !startIsSilent(vocabulary);
    const extra = shared || end === undefined ? 1 : 0;
    text += '\\data\\\n';
    trie.forEach(({ tokens }, i) => {
      text += `ngram ${i + 1}=${tokens.length + (i === 0 ? extra : 0)}\n`;
    });
    for (let n = 1; n <= order; n++) {
      const { logProbs, logBackoffs } = trie[n - 1];
      const backoff = (node: number) => (n < order ? `\t${log10(logBackoffs[node])}` : '');
      text += `\n\\${n}-grams:\n`;
      if (n === 1) {
        text += `0\t${START}${backoff(start)}\n`;
        if (extra) text += `${shared ? log10(logProbs[start]) : NEVER}\t${END}${n < order ? '\t0' : ''}\n`;
      }
      forEachNgram(trie, n, (node, ngram) => {
        if (n === 1 && node === start) return;
        text += `${log10(logProbs[node])}\t`;
        for (let i = 0; i < n; i++) text += i === 0 ? nameOf(ngram[i], i, n) : ` ${nameOf(ngram[i], i, n)}`;
        text += `${backoff(node)}\n`;
        flush(FLUSH_CHARACTERS);
      });
    }
    text += '\n\\end\\\n';
    flush(0);
  });
}

/** Base 10, seven decimals: what single precision holds. */
const log10 = (natural: number): string => String(Math.round((natural / Math.LN10) * 1e7) / 1e7);
