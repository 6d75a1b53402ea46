/** Twin of DROP (Dua et al. 2019): answers that are numbers, dates or several spans, compared as bags of words. */
import { floatRepr } from '../../../support/jinja/python/float.ts';
import { PUNCTUATION, strip, wordsOf } from '../../metrics/words.ts';
import type { Doc } from '../data-files.ts';
import { mapDocs, member, type TwinFile, text, texts } from './twin.ts';

/** Each as a list of texts; the same one once. */
function answersOf(doc: Doc): string[][] {
  const others = member(doc, 'validated_answers');
  const column = (name: string): unknown[] => member(others, name) as unknown[];
  const all = [
    member(doc, 'answer'),
    ...column('number').map((number, i) => ({ number, date: column('date')[i], spans: column('spans')[i] })),
  ].map(parsed);
  const seen = new Set<string>();
  return all.filter(answer => {
    const key = JSON.stringify(answer);
    return !seen.has(key) && seen.add(key);
  });
}

function parsed(answer: unknown): string[] {
  if (member(answer, 'number') !== '') return [String(member(answer, 'number'))];
  const spans = texts(answer, 'spans');
  if (spans.length > 0) return spans;
  const date = member(answer, 'date');
  return [strip(['day', 'month', 'year'].map(part => text(date, part)).join(' '))];
}

/** What Python's `float()` reads. */
function numberIn(word: string): number | undefined {
  const plain = strip(word);
  if (/^[+-]?(inf|infinity|nan)$/i.test(plain)) {
    return /nan/i.test(plain)
      ? Number.NaN
      : plain.startsWith('-')
        ? Number.NEGATIVE_INFINITY
        : Number.POSITIVE_INFINITY;
  }
  const digits = '\\d+(?:_\\d+)*';
  const isNumber = new RegExp(`^[+-]?(?:${digits}\\.?(?:${digits})?|\\.${digits})(?:[eE][+-]?${digits})?$`).test(plain);
  return isNumber ? Number(plain.replaceAll('_', '')) : undefined;
}

function normalized(answer: string): string {
  const words = answer.split(/[ -]/).map(token => {
    const lower = token.toLowerCase();
    const bare =
      numberIn(lower) === undefined
        ? Array.from(lower, char => (PUNCTUATION.includes(char) ? '' : char)).join('')
        : lower;
    const number = numberIn(bare);
    const fixed =
      number === undefined
        ? bare
        : Number.isFinite(number)
          ? floatRepr(number)
          : String(number).toLowerCase().replace('infinity', 'inf');
    return wordsOf(fixed.replace(/(?<![\p{L}\p{N}_])(?:a|an|the)(?![\p{L}\p{N}_])/gu, ' ')).join(' ');
  });
  return strip(words.filter(word => strip(word) !== '').join(' '));
}

const bagOf = (answer: string): Set<string> => new Set(wordsOf(normalized(answer)));
const numbersIn = (bag: ReadonlySet<string>): string[] => [...bag].filter(word => numberIn(word) !== undefined);

function f1Of(said: ReadonlySet<string>, gold: ReadonlySet<string>): number {
  const numbers = numbersIn(gold);
  if (numbers.length > 0 && !numbers.some(number => said.has(number))) return 0;
  const shared = [...gold].filter(word => said.has(word)).length;
  const precision = said.size === 0 ? 1 : shared / said.size;
  const recall = gold.size === 0 ? 1 : shared / gold.size;
  return precision + recall === 0 ? 0 : (2 * precision * recall) / (precision + recall);
}

/** To two places, halves to the even one. */
function rounded(value: number): number {
  const scaled = value * 100;
  const floor = Math.floor(scaled);
  const rest = scaled - floor;
  return (rest === 0.5 ? floor + (floor % 2) : Math.round(scaled)) / 100;
}

export const drop: TwinFile = {
  file: 'drop/utils.py',
  sha256: 'a5782ee7d2e537968a5b83976195ae2b9b6e2a565a0bfb5c24d221b4d61a04f5',
  functions: {
    process_docs: mapDocs(doc => ({
      id: text(doc, 'query_id'),
      passage: text(doc, 'passage'),
      question: text(doc, 'question'),
      answers: answersOf(doc),
    })),
    process_results: {
      results: (doc, [answer]) => {
        const said = String(answer);
        let [em, f1] = [0, 0];
        for (const gold of member(doc, 'answers') as string[][]) {
          if (strip(gold[0]) === '') continue;
          // One answer was written: the best of the spans is matched with it, the others with nothing.
          em = Math.max(em, Number(gold.length === 1 && normalized(gold[0]) === normalized(said)));
          f1 = Math.max(f1, rounded(Math.max(...gold.map(span => f1Of(bagOf(said), bagOf(span)))) / gold.length));
        }
        return { em, f1 };
      },
    },
  },
};
