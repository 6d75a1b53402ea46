/**
 * Text to token ids and back, as a `tokenizer.json` of Hugging Face describes it: added tokens are cut out, the rest is
 * normalized, split into pre-tokens, cut into entries of the vocabulary, and special tokens are put around it.
 */
import { existsSync, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { z } from 'zod';
import { UserError, usageError } from '../support/errors.ts';
import { readJson, writeJson } from '../support/files.ts';
import { AddedTokens, addedTokenSchema, type Section } from './added-tokens.ts';
import { type AlignedText, codePointOffsets } from './aligned-text.ts';
import { fromByteChars } from './byte-alphabet.ts';
import { createByteBpeEncoder } from './byte-bpe/create.ts';
import type { ByteBpeEncoder } from './byte-bpe/encoder.ts';
import { malformed, parseConfig } from './config.ts';
import { createByteStream, createDecodeStream, type DecodeStream } from './decode-stream.ts';
import { createDecoder } from './decoders/create.ts';
import type { Decoder } from './decoders/decoder.ts';
import { Encoding, type PadToken } from './encoding.ts';
import { EncodingWriter } from './encoding-writer.ts';
import { createModel } from './models/create.ts';
import type { Model } from './models/model.ts';
import { createNormalizer } from './normalizers/create.ts';
import type { Normalizer } from './normalizers/normalizer.ts';
import { createPostProcessor } from './post-processors/create.ts';
import type { PostProcessor } from './post-processors/post-processor.ts';
import { createPreTokenizer } from './pre-tokenizers/create.ts';
import type { PreTokenizer } from './pre-tokenizers/pre-tokenizer.ts';
import { parseTokenizerConfig, readTokenizerConfig, type TokenizerConfig } from './tokenizer-config.ts';
import { type Truncation, type TruncationStrategy, truncateEncodings } from './truncation.ts';
import { wellFormed } from './unicode.ts';

const fileSchema = z.strictObject({
  version: z.literal('1.0'),
  /** As in Transformers, what the file says of truncation and padding is kept, and applied when a call asks for it. */
  truncation: z.unknown(),
  padding: z.unknown(),
  added_tokens: z.array(addedTokenSchema),
  normalizer: z.unknown(),
  pre_tokenizer: z.unknown(),
  post_processor: z.unknown(),
  decoder: z.unknown(),
  model: z.unknown(),
});

/** A text, or a list of words that are split already. */
export type TextInput = string | readonly string[];

export interface EncodeOptions {
  /** Put the model's special tokens around the text. Default true. */
  addSpecialTokens?: boolean;
  /** Cut to `maxLength`: true is `longest_first`. Default false. */
  truncation?: boolean | TruncationStrategy;
  /** In tokens, special tokens included. Default: `model_max_length` of tokenizer_config.json. */
  maxLength?: number;
  /** Tokens that neighbouring parts of a cut text share. Default 0. */
  stride?: number;
  /** Default: `truncation_side` of tokenizer_config.json, else right. */
  truncationSide?: 'left' | 'right';
  /** Pad to the longest of the batch (true, `longest`) or to `maxLength` (`max_length`). Default false. */
  padding?: boolean | 'longest' | 'max_length';
  /** Pad to the next multiple of this. */
  padToMultipleOf?: number;
  /** Default: `padding_side` of tokenizer_config.json, else right. */
  paddingSide?: 'left' | 'right';
}

export class Tokenizer {
  /** What tokenizer_config.json says. */
  readonly config: TokenizerConfig;
  /** The highest id and one more, added tokens included. */
  readonly vocabSize: number;
  readonly #json: Record<string, unknown>;
  readonly #normalizer: Normalizer | undefined;
  readonly #preTokenizer: PreTokenizer | undefined;
  readonly #model: Model;
  readonly #postProcessor: PostProcessor | undefined;
  readonly #decoder: Decoder | undefined;
  readonly #added: AddedTokens;
  readonly #encoder: ByteBpeEncoder | undefined;
  /** The string of each token, for the fast path. */
  readonly #tokens: string[];
  /** Bytes of each token, where the decoder is byte-level and so needs no more than them. */
  readonly #bytes: Uint8Array[] | undefined;

  private constructor(json: unknown, config: TokenizerConfig, where: string) {
    const file = parseConfig(fileSchema, json, where);
    const part = <Part>(key: keyof typeof file, create: (config: unknown, where: string) => Part): Part | undefined =>
      file[key] == null ? undefined : create(file[key], `${where}: ${key}`);
    this.#json = json as Record<string, unknown>;
    this.config = config;
    this.#model = createModel(withModelType(file.model), `${where}: model`);
    this.#normalizer = part('normalizer', createNormalizer);
    this.#preTokenizer = part('pre_tokenizer', createPreTokenizer);
    this.#postProcessor = part('post_processor', createPostProcessor);
    this.#decoder = part('decoder', createDecoder);
    this.#encoder = createByteBpeEncoder(this.#model, file.pre_tokenizer);
    this.#added = new AddedTokens(file.added_tokens, this.#model, this.#normalizer);
    this.vocabSize = this.#added.list.reduce((limit, { id }) => Math.max(limit, id + 1), this.#model.idLimit);
    for (const name of ['bos_token', 'eos_token', 'pad_token', 'unk_token'] as const) {
      const token = config[name];
      if (token && this.tokenToId(token) === undefined) {
        throw malformed(where, `${name} ${JSON.stringify(token)} is not in the vocabulary`);
      }
    }
    this.#tokens = Array.from({ length: this.#encoder ? this.vocabSize : 0 }, (_, id) => this.idToToken(id) ?? '');
    if ((file.decoder as { type?: string } | null)?.type === 'ByteLevel') {
      this.#bytes = Array.from({ length: this.vocabSize }, (_, id) => fromByteChars(this.idToToken(id) ?? ''));
    }
  }

  /**
   * Opens a tokenizer.json, or a folder that holds one; tokenizer_config.json beside it is read too.
   * @throws UserError that names the file and what is wrong or not supported
   */
  static fromFile(path: string): Tokenizer {
    const isFolder = existsSync(path) && statSync(path).isDirectory();
    const file = isFolder ? join(path, 'tokenizer.json') : path;
    const config = isFolder || basename(path) === 'tokenizer.json' ? readTokenizerConfig(dirname(file)) : {};
    return new Tokenizer(readJson(file), config, file);
  }

  /** A tokenizer from the contents of a tokenizer.json and, if there is one, a tokenizer_config.json. */
  static fromJSON(json: unknown, where = 'tokenizer.json', config: unknown = {}): Tokenizer {
    return new Tokenizer(json, parseTokenizerConfig(config, where), where);
  }

  get bosTokenId(): number | undefined {
    return this.#special('bos_token');
  }

  get eosTokenId(): number | undefined {
    return this.#special('eos_token');
  }

  get padTokenId(): number | undefined {
    return this.#special('pad_token');
  }

  get unkTokenId(): number | undefined {
    return this.#special('unk_token');
  }

  tokenToId(token: string): number | undefined {
    return this.#added.id(token) ?? this.#model.tokenToId(token);
  }

  idToToken(id: number): string | undefined {
    return this.#added.written(id) ?? this.#model.idToToken(id);
  }

  /** Encodes one text, or a text and its `pair`. */
  encode(text: TextInput, { pair, ...options }: EncodeOptions & { pair?: TextInput } = {}): Encoding {
    return this.encodeBatch([pair === undefined ? text : { text, pair }], options)[0];
  }

  /** Encodes texts and pairs of texts, padded to one length if asked to. */
  encodeBatch(
    inputs: readonly (TextInput | { text: TextInput; pair: TextInput })[],
    options: EncodeOptions = {},
  ): Encoding[] {
    const truncation = this.#truncation(options);
    const encodings = inputs.map(input => {
      const texts = typeof input === 'object' && 'pair' in input ? [input.text, input.pair] : [input];
      return this.#encodeTexts(texts, options.addSpecialTokens ?? true, truncation);
    });
    this.#pad(encodings, options);
    return encodings;
  }

  /** Ids alone, the fast way. */
  encodeIds(text: string, { addSpecialTokens = false }: { addSpecialTokens?: boolean } = {}): Uint32Array {
    const encoder = this.#encoder;
    if (!encoder) return Uint32Array.from(this.encode(text, { addSpecialTokens }).ids);
    const around = addSpecialTokens ? this.#specialTokensAround() : undefined;
    around?.before.forEach(id => void encoder.push(id));
    for (const section of this.#added.extract(wellFormed(text))) {
      if (section.id === undefined) encoder.append(section.text.text);
      else encoder.push(section.id);
    }
    around?.after.forEach(id => void encoder.push(id));
    return encoder.take();
  }

  /** The text of ids; ids beyond the vocabulary are left out. */
  decode(ids: ArrayLike<number>, { skipSpecialTokens = false }: { skipSpecialTokens?: boolean } = {}): string {
    if (this.#bytes) {
      const parts: Uint8Array[] = [];
      for (let i = 0; i < ids.length; i++) parts.push(this.#bytesOf(ids[i], skipSpecialTokens));
      return Buffer.concat(parts).toString('utf8');
    }
    const tokens: string[] = [];
    for (let i = 0; i < ids.length; i++) {
      const token = this.idToToken(ids[i]);
      if (token !== undefined && !(skipSpecialTokens && this.#added.isSpecial(token))) tokens.push(token);
    }
    return this.#decoder ? this.#decoder.decode(tokens).join('') : tokens.join(' ');
  }

  /** Decodes ids as they arrive; half a character is never given out. */
  decodeStream({ skipSpecialTokens = false }: { skipSpecialTokens?: boolean } = {}): DecodeStream {
    return this.#bytes
      ? createByteStream(id => this.#bytesOf(id, skipSpecialTokens))
      : createDecodeStream(ids => this.decode(ids, { skipSpecialTokens }));
  }

  /** The contents of a tokenizer.json. */
  toJSON(): object {
    return structuredClone(this.#json);
  }

  /** Writes tokenizer.json and tokenizer_config.json. */
  save(folder: string): void {
    writeJson(join(folder, 'tokenizer.json'), this.#json);
    writeJson(join(folder, 'tokenizer_config.json'), this.config);
  }

  #special(name: 'bos_token' | 'eos_token' | 'pad_token' | 'unk_token'): number | undefined {
    const token = this.config[name];
    return token == null ? undefined : this.tokenToId(token);
  }

  /** The ids that the post-processor puts around a single text. */
  #specialTokensAround(): { before: number[]; after: number[] } {
    const { ids, sequenceIds } = this.encode('a');
    const from = sequenceIds.indexOf(0);
    return { before: ids.slice(0, from), after: ids.slice(sequenceIds.lastIndexOf(0) + 1) };
  }

  #bytesOf(id: number, skipSpecialTokens: boolean): Uint8Array {
    const bytes = this.#bytes![id];
    if (bytes === undefined || (skipSpecialTokens && this.#added.isSpecial(this.idToToken(id)!))) return NO_BYTES;
    return bytes;
  }

  #encodeTexts(texts: TextInput[], addSpecialTokens: boolean, truncation: Truncation | undefined): Encoding {
    let encodings = texts.map((text, sequenceId) => {
      const limited = truncation && (truncation.strategy !== 'only_second' || sequenceId === 1);
      return this.#encodeText(text, sequenceId, limited ? truncation : undefined);
    });
    if (truncation) {
      const added = addSpecialTokens ? (this.#postProcessor?.addedTokens(texts.length === 2) ?? 0) : 0;
      encodings = truncateEncodings(encodings, truncation.maxLength - added, truncation);
    }
    return Encoding.concat(this.#postProcessor?.process(encodings, addSpecialTokens) ?? encodings);
  }

  #encodeText(text: TextInput, sequenceId: number, limit: Truncation | undefined): Encoding {
    const encoding = new Encoding();
    if (typeof text === 'string') this.#append(encoding, text, undefined, limit);
    else for (const [i, word] of text.entries()) this.#append(encoding, word, i, limit);
    return encoding.complete(sequenceId);
  }

  /** Encodes a text onto `encoding`; where it will be cut, no more pre-tokens than needed are looked at. */
  #append(encoding: Encoding, given: string, wordId: number | undefined, limit: Truncation | undefined): void {
    const text = wellFormed(given);
    const writer = new EncodingWriter(encoding, codePointOffsets(text), wordId);
    const sections = this.#added.extract(text);
    const isFast =
      this.#encoder && limit?.side !== 'left' && sections.every(({ text }) => text.unchangedFrom !== undefined);
    if (isFast) this.#appendFast(writer, sections, limit);
    else this.#appendGeneral(writer, sections, limit);
  }

  #appendFast(writer: EncodingWriter, sections: Section[], limit: Truncation | undefined): void {
    const enough = limit?.maxLength ?? Number.POSITIVE_INFINITY;
    let count = 0;
    for (const { text, id } of sections) {
      const base = text.unchangedFrom!;
      if (id !== undefined) {
        writer.word([{ id, token: text.text, start: 0, end: text.length }], text);
        count++;
        continue;
      }
      this.#encoder!.forEachWord(text.text, (units, start, stop, ids, from, to) => {
        writer.byteWord(units, start, stop, base, ids, from, to, this.#tokens);
        count += to - from;
        return count < enough;
      });
      if (count >= enough) return;
    }
  }

  #appendGeneral(writer: EncodingWriter, sections: Section[], limit: Truncation | undefined): void {
    const pieces = sections.flatMap((section): Section[] => {
      if (section.id !== undefined || !this.#preTokenizer) return [section];
      const split = this.#preTokenizer.split(section.text).filter(piece => piece.length > 0);
      return split.map(piece => ({ text: piece }));
    });
    const tokenized = limited(
      pieces,
      ({ text: { text: piece }, id }) =>
        id === undefined ? this.#model.tokenize(piece) : [{ id, token: piece, start: 0, end: piece.length }],
      limit,
    );
    for (const { text, tokens } of tokenized) writer.word(tokens, text);
  }

  #truncation({ truncation, maxLength, stride = 0, truncationSide }: EncodeOptions): Truncation | undefined {
    if (!truncation) return undefined;
    const length = maxLength ?? this.config.model_max_length;
    if (length == null) {
      throw usageError(
        'TSLM_NO_MAX_LENGTH',
        'truncation needs a length',
        'give maxLength: no model_max_length is known',
      );
    }
    return {
      maxLength: length,
      strategy: truncation === true ? 'longest_first' : truncation,
      stride,
      side: truncationSide ?? this.config.truncation_side ?? 'right',
    };
  }

  #pad(encodings: Encoding[], { padding, maxLength, padToMultipleOf = 1, paddingSide }: EncodeOptions): void {
    if (!padding || encodings.length === 0) return;
    const { pad_token: token, model_max_length: modelMaxLength } = this.config;
    const id = this.padTokenId;
    if (token == null || id === undefined) {
      throw new UserError('TSLM_NO_PAD_TOKEN', 'padding needs a pad token, and the tokenizer has none', {
        hint: 'set pad_token in tokenizer_config.json',
      });
    }
    let length: number;
    if (padding === 'max_length') {
      const most = maxLength ?? modelMaxLength;
      if (most == null)
        throw usageError('TSLM_NO_MAX_LENGTH', 'padding to max_length needs a length', 'give maxLength');
      length = most;
    } else {
      length = encodings.reduce((longest, encoding) => Math.max(longest, encoding.length), 0);
    }
    length = Math.ceil(length / padToMultipleOf) * padToMultipleOf;
    const pad: PadToken = { id, token, typeId: 0, side: paddingSide ?? this.config.padding_side ?? 'right' };
    for (const encoding of encodings) encoding.pad(length, pad);
  }
}

const NO_BYTES = new Uint8Array(0);

/** Older files leave the type of a BPE model out. */
const withModelType = (model: unknown): unknown =>
  typeof model === 'object' && model !== null && 'merges' in model && !('type' in model)
    ? { type: 'BPE', ...model }
    : model;

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
