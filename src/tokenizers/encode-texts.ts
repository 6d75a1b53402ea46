/**
 * From texts to an encoding: each text is cut into sections, pre-tokens and tokens, then truncated, and special tokens
 * are put around it. Byte-level BPE takes the fast path, which gives what the general one gives.
 */
import type { Section } from './added-tokens.ts';
import { type AlignedText, codePointOffsets } from './aligned-text.ts';
import type { ChunkEncoder } from './chunks/encoder.ts';
import type { TextInput } from './encode-options.ts';
import { Encoding } from './encoding.ts';
import { EncodingWriter } from './encoding-writer.ts';
import type { Pipeline } from './pipeline.ts';
import { type Truncation, truncateEncodings } from './truncation.ts';
import { wellFormed } from './unicode.ts';

/**
 * Encodes a text, or the two texts of a pair, into one encoding.
 *
 * @param truncation how to cut them; undefined leaves them whole
 */
export function encodeTexts(
  pipeline: Pipeline,
  texts: readonly TextInput[],
  addSpecialTokens: boolean,
  truncation: Truncation | undefined,
): Encoding {
  const { postProcessor } = pipeline;
  let encodings = texts.map((text, sequenceId) => {
    const limited = truncation && (truncation.strategy !== 'only_second' || sequenceId === 1);
    return encodeText(pipeline, text, sequenceId, limited ? truncation : undefined);
  });
  if (truncation) {
    const added = addSpecialTokens ? (postProcessor?.addedTokens(texts.length === 2) ?? 0) : 0;
    encodings = truncateEncodings(encodings, truncation.maxLength - added, truncation);
  }
  return Encoding.concat(postProcessor?.process(encodings, addSpecialTokens) ?? encodings);
}

function encodeText(pipeline: Pipeline, text: TextInput, sequenceId: number, limit: Truncation | undefined): Encoding {
  const encoding = new Encoding();
  if (typeof text === 'string') append(pipeline, encoding, text, undefined, limit);
  else for (const [i, word] of text.entries()) append(pipeline, encoding, word, i, limit);
  return encoding.complete(sequenceId);
}

/** Encodes a text onto `encoding`; where it will be cut, no more pre-tokens than needed are looked at. */
function append(
  pipeline: Pipeline,
  encoding: Encoding,
  given: string,
  wordId: number | undefined,
  limit: Truncation | undefined,
): void {
  const text = wellFormed(given);
  const writer = new EncodingWriter(encoding, codePointOffsets(text), wordId);
  if (pipeline.chunks && limit?.side !== 'left') {
    appendChunks(pipeline.chunks, writer, pipeline.added.sections(text), limit);
    return;
  }
  const sections = pipeline.added.extract(text);
  const isFast =
    pipeline.encoder && limit?.side !== 'left' && sections.every(({ text }) => text.unchangedFrom !== undefined);
  if (isFast) appendFast(pipeline, writer, sections, limit);
  else appendGeneral(pipeline, writer, sections, limit);
}

function appendChunks(
  chunks: ChunkEncoder,
  writer: EncodingWriter,
  sections: Section[],
  limit: Truncation | undefined,
): void {
  const enough = limit?.maxLength ?? Number.POSITIVE_INFINITY;
  let count = 0;
  for (const { text, id } of sections) {
    if (id !== undefined) {
      writer.word([{ id, token: text.text, start: 0, end: text.length }], text);
      count++;
      continue;
    }
    const base = text.unchangedFrom!;
    let isEnough = false;
    chunks.forEachWord(text.text, (word, start) => {
      writer.givenWord(word, base + start);
      count += word.length;
      isEnough = count >= enough;
      return !isEnough;
    });
    if (isEnough) return;
  }
}

function appendFast(
  pipeline: Pipeline,
  writer: EncodingWriter,
  sections: Section[],
  limit: Truncation | undefined,
): void {
  const enough = limit?.maxLength ?? Number.POSITIVE_INFINITY;
  let count = 0;
  for (const { text, id } of sections) {
    const base = text.unchangedFrom!;
    if (id !== undefined) {
      writer.word([{ id, token: text.text, start: 0, end: text.length }], text);
      count++;
      continue;
    }
    pipeline.encoder!.forEachWord(text.text, (units, start, stop, ids, from, to) => {
      writer.byteWord(units, start, stop, base, ids, from, to, pipeline.tokens);
      count += to - from;
      return count < enough;
    });
    if (count >= enough) return;
  }
}

function appendGeneral(
  { preTokenizer, model }: Pipeline,
  writer: EncodingWriter,
  sections: Section[],
  limit: Truncation | undefined,
): void {
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
