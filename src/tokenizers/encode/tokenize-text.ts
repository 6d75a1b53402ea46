/**
 * From a text to its tokens: added tokens are cut out, the rest is cut into pre-tokens and those into tokens. The fast
 * paths give what the general one gives, the ids at once and the details when they are asked for.
 */
import type { Section } from '../added-tokens.ts';
import { type AlignedText, codePointOffsets } from '../aligned-text.ts';
import { byteDetails } from '../byte-bpe/details.ts';
import type { ByteBpeEncoder } from '../byte-bpe/encoder.ts';
import type { ChunkEncoder } from '../chunks/encoder.ts';
import { wellFormed } from '../unicode/unicode.ts';
import { EncodingWriter } from './encoding-writer.ts';
import type { Pipeline } from './pipeline.ts';
import { type Details, type Origin, TokenRun } from './token-run.ts';
import type { Truncation } from './truncation.ts';

/** The tokens of a text; where it will be cut, no more pre-tokens than needed are looked at. */
export function tokenizeText(
  pipeline: Pipeline,
  given: string,
  sequenceId: number,
  limit: Truncation | undefined,
): TokenRun {
  const { encoder, chunks, added, tokens } = pipeline;
  const text = wellFormed(given);
  const run = (ids: readonly number[], details: () => Details): TokenRun =>
    new TokenRun(ids, ORIGINS[sequenceId], () => inCodePoints(details(), text));
  const fromStart = limit?.side !== 'left';
  const enough = limit?.maxLength ?? Number.POSITIVE_INFINITY;
  if (chunks && fromStart) {
    const sections = added.sections(text);
    const ids = chunkIds(chunks, sections, enough);
    return run(ids, () => chunkTokens(chunks, sections, ids.length).details);
  }
  const sections = added.extract(text);
  if (encoder && fromStart && sections.every(({ text }) => text.unchangedFrom !== undefined)) {
    const { ids, wordEnds } = byteIds(encoder, sections, enough);
    return run(ids, () => ({ ...byteDetails(sections, ids, tokens), wordIds: wordIdsOf(wordEnds) }));
  }
  const { ids, details } = generalTokens(pipeline, sections, limit);
  return run(ids, () => details);
}

const ORIGINS: readonly Origin[] = [0, 1].map(sequenceId => ({
  typeId: sequenceId,
  sequenceId,
  isSpecial: false,
  isAttended: true,
}));

function inCodePoints(details: Details, text: string): Details {
  const table = codePointOffsets(text);
  if (!table) return details;
  const { starts, ends } = details;
  return { ...details, starts: starts.map(start => table[start]), ends: ends.map(end => table[end]) };
}

function byteIds(
  encoder: ByteBpeEncoder,
  sections: readonly Section[],
  enough: number,
): { ids: number[]; wordEnds: number[] } {
  encoder.clear();
  for (const { text, id } of sections) {
    if (id !== undefined) {
      encoder.push(id);
      continue;
    }
    encoder.append(text.text, enough);
    if (encoder.length >= enough) break;
  }
  return encoder.takeWords();
}

/** The number of the pre-token that each token is part of. */
function wordIdsOf(wordEnds: readonly number[]): number[] {
  const wordIds: number[] = [];
  for (const [word, end] of wordEnds.entries()) while (wordIds.length < end) wordIds.push(word);
  return wordIds;
}

function chunkIds(chunks: ChunkEncoder, sections: readonly Section[], enough: number): number[] {
  if (enough < Number.POSITIVE_INFINITY) return chunkTokens(chunks, sections, enough).ids;
  chunks.clear();
  for (const { text, id } of sections) {
    if (id === undefined) chunks.append(text.text);
    else chunks.push(id);
  }
  return chunks.takeList();
}

function chunkTokens(chunks: ChunkEncoder, sections: readonly Section[], enough: number): EncodingWriter {
  const writer = new EncodingWriter();
  let isEnough = false;
  for (const { text, id } of sections) {
    if (isEnough) break;
    if (id !== undefined) {
      writer.word([{ id, token: text.text, start: 0, end: text.length }], text);
      continue;
    }
    const base = text.unchangedFrom!;
    chunks.forEachWord(text.text, (word, start) => {
      writer.givenWord(word, base + start);
      isEnough = writer.ids.length >= enough;
      return !isEnough;
    });
  }
  return writer;
}

function generalTokens(
  { preTokenizer, model }: Pipeline,
  sections: readonly Section[],
  limit: Truncation | undefined,
): EncodingWriter {
  const writer = new EncodingWriter();
  const pieces = sections.flatMap((section): Section[] => {
    if (section.id !== undefined || !preTokenizer) return [section];
    const split = preTokenizer.split(section.text).filter(piece => piece.length > 0);
    return split.map(piece => ({ text: piece }));
  });
  const tokenized = limited(
    pieces,
    ({ text: { text: piece }, id }) =>
      id === undefined ? model.tokenize(piece) : [{ id, token: piece, start: 0, end: piece.length }],
    limit,
  );
  for (const { text, tokens } of tokenized) writer.word(tokens, text);
  return writer;
}

/** Tokenizes sections until the tokens suffice, from the end where the beginning will be cut off. */
function limited<Token>(
  sections: readonly Section[],
  tokenize: (section: Section) => readonly Token[],
  limit: Truncation | undefined,
): { text: AlignedText; tokens: readonly Token[] }[] {
  const done: { text: AlignedText; tokens: readonly Token[] }[] = [];
  let count = 0;
  for (const section of limit?.side === 'left' ? sections.toReversed() : sections) {
    const tokens = tokenize(section);
    done.push({ text: section.text, tokens });
    count += tokens.length;
    // As in Hugging Face tokenizers, an added token is never the last that is looked at.
    if (limit && count >= limit.maxLength && section.id === undefined) break;
  }
  return limit?.side === 'left' ? done.reverse() : done;
}
