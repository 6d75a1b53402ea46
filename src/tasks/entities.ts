/**
 * From labels of tokens to entities: tokens of a word agree on one label, and neighbours of one kind become one entity, by
 * the rules of Transformers' `TokenClassificationPipeline`.
 */

/**
 * `none`: each token by itself; `simple`: neighbours of one kind are one entity; `first`, `average`, `max`: before that
 * the tokens of a word get one label, that of the first, of their mean, or of the surest.
 */
export type Aggregation = 'none' | 'simple' | 'first' | 'average' | 'max';

export interface LabelledToken {
  /** Place among the tokens of the input. */
  index: number;
  word: string;
  /** Probability of each label. */
  scores: readonly number[];
  start: number;
  end: number;
  /** It continues the word before. */
  isSubword: boolean;
}

export interface Entity {
  /** Of a token its own label (`B-PER`), of an entity the kind (`PER`). */
  label: string;
  score: number;
  word: string;
  /** In code points of the text. */
  start: number;
  end: number;
  /** Of a token: its place among the tokens of the input. */
  index?: number;
}

export interface AggregateOptions {
  labels: readonly string[];
  /** Tokens as text. */
  join: (tokens: readonly string[]) => string;
}

export function aggregate(
  tokens: readonly LabelledToken[],
  aggregation: Aggregation,
  { labels, join }: AggregateOptions,
): Entity[] {
  if (aggregation === 'none') return tokens.map(token => ({ ...labelled(token, labels), index: token.index }));
  const parts =
    aggregation === 'simple'
      ? tokens.map(token => labelled(token, labels))
      : wordsOf(tokens).map(word => labelled({ ...spanOf(word, join), scores: scoresOf(word, aggregation) }, labels));
  return groupsOf(parts).map(group => ({
    ...spanOf(group, join),
    label: tagOf(group[0].label).rest,
    score: mean(group.map(({ score }) => score)),
  }));
}

/** Where parts of a long text overlap, the longer of two entities stays, or the surer one. */
export function withoutOverlaps(entities: readonly Entity[]): Entity[] {
  const kept: Entity[] = [];
  for (const entity of entities.toSorted((a, b) => a.start - b.start)) {
    const last = kept.at(-1);
    if (!last || entity.start >= last.end) kept.push(entity);
    else if (isBetter(entity, last)) kept[kept.length - 1] = entity;
  }
  return kept;
}

function isBetter(a: Entity, b: Entity): boolean {
  const longer = a.end - a.start - (b.end - b.start);
  return longer > 0 || (longer === 0 && a.score > b.score);
}

type Span = Pick<Entity, 'word' | 'start' | 'end'>;

function labelled(
  { word, start, end, scores }: Span & { scores: readonly number[] },
  labels: readonly string[],
): Entity {
  const score = Math.max(...scores);
  return { label: labels[scores.indexOf(score)], score, word, start, end };
}

const spanOf = (parts: readonly Span[], join: AggregateOptions['join']): Span => ({
  word: join(parts.map(({ word }) => word)),
  start: parts[0].start,
  end: parts.at(-1)!.end,
});

function wordsOf(tokens: readonly LabelledToken[]): LabelledToken[][] {
  const words: LabelledToken[][] = [];
  for (const token of tokens) {
    if (token.isSubword && words.length > 0) words.at(-1)!.push(token);
    else words.push([token]);
  }
  return words;
}

function scoresOf(word: readonly LabelledToken[], how: 'first' | 'average' | 'max'): readonly number[] {
  if (how === 'first') return word[0].scores;
  if (how === 'average') return word[0].scores.map((_, label) => mean(word.map(({ scores }) => scores[label])));
  const surest = (scores: readonly number[]): number => Math.max(...scores);
  return word.reduce((best, token) => (surest(token.scores) > surest(best.scores) ? token : best)).scores;
}

/** Neighbours of one kind, until one says that it begins another entity. */
function groupsOf(parts: readonly Entity[]): Entity[][] {
  const groups: Entity[][] = [];
  for (const part of parts) {
    const last = groups.at(-1)?.at(-1);
    const { begins, kind } = tagOf(part.label);
    if (last && tagOf(last.label).kind === kind && !begins) groups.at(-1)!.push(part);
    else groups.push([part]);
  }
  return groups;
}

/** `B-PER` begins an entity of the kind PER, `I-PER` and anything else are inside one. */
function tagOf(label: string): { begins: boolean; kind: string; rest: string } {
  const [, mark, kind] = /^([BI])-(.*)$/s.exec(label) ?? [undefined, 'I', label];
  const dash = label.indexOf('-');
  return { begins: mark === 'B', kind, rest: dash < 0 ? label : label.slice(dash + 1) };
}

const mean = (numbers: readonly number[]): number => numbers.reduce((a, b) => a + b, 0) / numbers.length;
