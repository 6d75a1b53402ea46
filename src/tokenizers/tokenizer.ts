/**
 * Text to token ids and back, as a `tokenizer.json` of Hugging Face describes it: added tokens are cut out, the rest is
 * normalized, split into pre-tokens, cut into entries of the vocabulary, and special tokens are put around it.
 */

import { existsSync, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { usageError } from '../support/errors.ts';
import { readJson, writeJson } from '../support/files.ts';
import { type OnWarning, withWarnings } from '../support/warnings.ts';
import { assistantMask, type ChatMessage, type ChatOptions, overlapMask, renderChat } from './chat/chat.ts';
import { writeTemplateFiles } from './chat/templates.ts';
import type { DecodeStream } from './decode/decode-stream.ts';
import { type DecodeOptions, Detokenizer } from './decode/detokenizer.ts';
import type { EncodeOptions, TextInput } from './encode/encode-options.ts';
import { encodeTexts } from './encode/encode-texts.ts';
import type { Encoding } from './encode/encoding.ts';
import { padEncodings } from './encode/padding.ts';
import { Pipeline } from './encode/pipeline.ts';
import { resolveTruncation } from './encode/truncation.ts';
import { openFolder } from './folders/open-folder.ts';
import { parseTokenizerConfig, readTokenizerConfig, type TokenizerConfig } from './folders/tokenizer-config.ts';
import { malformed } from './folders/tokenizer-json.ts';
import { wellFormed } from './unicode/unicode.ts';

export type { ChatMessage, ChatOptions } from './chat/chat.ts';
export type { EncodeOptions, TextInput } from './encode/encode-options.ts';

export interface OpenTokenizerOptions {
  /** Told of what the files say that has no effect. Default: Node's warnings. */
  onWarning?: OnWarning;
}

export class Tokenizer {
  /** What tokenizer_config.json says. */
  readonly config: TokenizerConfig;
  /** The highest id and one more, added tokens included. */
  readonly vocabSize: number;
  /** Tokens that decoding leaves out on request, by id. */
  readonly specialTokens: ReadonlyMap<number, string>;
  readonly #json: Record<string, unknown>;
  readonly #pipeline: Pipeline;
  readonly #detokenizer: Detokenizer;

  private constructor(json: unknown, config: TokenizerConfig, where: string) {
    try {
      this.#pipeline = new Pipeline(json, where, config);
    } catch (error) {
      if (error instanceof RangeError) throw malformed(where, 'components nest too deeply');
      throw error;
    }
    this.#json = json as Record<string, unknown>;
    this.config = config;
    this.vocabSize = this.#pipeline.vocabSize;
    const special = this.#pipeline.added.list.filter(token => token.special);
    this.specialTokens = new Map(special.map(({ id, content }) => [id, content]));
    this.#detokenizer = new Detokenizer(this.#pipeline);
  }

  /**
   * Opens a tokenizer.json, or a model folder that has one or files of an older format; tokenizer_config.json beside it
   * is read too.
   * @throws UserError that names the file and what is wrong or not supported
   */
  static fromFile(path: string, { onWarning }: OpenTokenizerOptions = {}): Tokenizer {
    return withWarnings(onWarning, () => {
      if (existsSync(path) && statSync(path).isDirectory()) {
        const { json, config, file } = openFolder(path);
        return new Tokenizer(json, config, file);
      }
      return new Tokenizer(
        readJson(path),
        basename(path) === 'tokenizer.json' ? readTokenizerConfig(dirname(path)) : {},
        path,
      );
    });
  }

  /** A tokenizer from the contents of a tokenizer.json and, if there is one, a tokenizer_config.json. */
  static fromJSON(
    json: unknown,
    where = 'tokenizer.json',
    config: unknown = {},
    { onWarning }: OpenTokenizerOptions = {},
  ): Tokenizer {
    return withWarnings(onWarning, () => new Tokenizer(json, parseTokenizerConfig(config, where), where));
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

  get maskTokenId(): number | undefined {
    return this.#special('mask_token');
  }

  /** Tokens are bytes, each written as a character of an alphabet of its own: see `byte-alphabet.ts`. */
  get isByteLevel(): boolean {
    return this.#pipeline.decodesBytes;
  }

  /** The token of what the model has no other for, whatever tokenizer_config.json calls unknown. */
  get unknownId(): number | undefined {
    const { unk_token, unk_id } = (this.#json.model ?? {}) as { unk_token?: string | null; unk_id?: number | null };
    return unk_id ?? (unk_token == null ? undefined : this.tokenToId(unk_token));
  }

  tokenToId(token: string): number | undefined {
    return this.#pipeline.tokenToId(token);
  }

  idToToken(id: number): string | undefined {
    return this.#pipeline.idToToken(id);
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
    const { config } = this.#pipeline;
    const truncation = resolveTruncation(options, config);
    const encodings = inputs.map(input => {
      const texts = typeof input === 'object' && input !== null && 'pair' in input ? [input.text, input.pair] : [input];
      for (const text of texts) if (typeof text !== 'string' && !Array.isArray(text)) throw noText(text);
      return encodeTexts(this.#pipeline, texts, options.addSpecialTokens ?? true, truncation);
    });
    padEncodings(encodings, options, config, this.padTokenId);
    return encodings;
  }

  /** Ids alone, the fast way. */
  encodeIds(text: string, { addSpecialTokens = false }: { addSpecialTokens?: boolean } = {}): Uint32Array {
    const { added, chunks } = this.#pipeline;
    const encoder = this.#pipeline.encoder ?? chunks;
    if (!encoder) return Uint32Array.from(this.encode(text, { addSpecialTokens }).ids);
    const around = addSpecialTokens ? this.specialTokensAround() : undefined;
    encoder.clear();
    around?.before.forEach(id => void encoder.push(id));
    const given = wellFormed(text);
    for (const section of chunks ? added.sections(given) : added.extract(given)) {
      if (section.id === undefined) encoder.append(section.text.text);
      else encoder.push(section.id);
    }
    around?.after.forEach(id => void encoder.push(id));
    return encoder.take();
  }

  /** The text of ids; ids beyond the vocabulary are left out. */
  decode(ids: ArrayLike<number>, options: DecodeOptions = {}): string {
    return this.#detokenizer.decode(ids, options);
  }

  /** The text of tokens as the vocabulary writes them, such as `##ing`. */
  joinTokens(tokens: readonly string[]): string {
    return this.#detokenizer.join(tokens);
  }

  /** Decodes ids as they arrive; half a character is never given out. */
  decodeStream(options: DecodeOptions = {}): DecodeStream {
    return this.#detokenizer.stream(options);
  }

  /** The contents of a tokenizer.json. */
  toJSON(): object {
    return structuredClone(this.#json);
  }

  /** Writes tokenizer.json, tokenizer_config.json and, where there are chat templates, chat_template.jinja. */
  save(folder: string): void {
    const { chat_template: templates, ...config } = this.config;
    writeJson(join(folder, 'tokenizer.json'), this.#json);
    writeJson(join(folder, 'tokenizer_config.json'), config);
    writeTemplateFiles(folder, templates);
  }

  /**
   * A conversation as text, after the chat template.
   *
   * @throws UserError when there is no template, or it refuses the messages
   */
  applyChatTemplate(messages: readonly ChatMessage[], options: ChatOptions = {}): string {
    return renderChat(messages, this.config.chat_template, this.#specialTokens(), options, false).text;
  }

  /** The tokens of a conversation; the template writes special tokens itself, so that none are added. */
  encodeChat(messages: readonly ChatMessage[], options: ChatOptions = {}): Encoding {
    return this.encode(this.applyChatTemplate(messages, options), { addSpecialTokens: false });
  }

  /**
   * The tokens of a conversation, with 1 for each that the assistant writes and 0 for the others. Where the template has no
   * `{% generation %}` tags, its turns are found by the difference of renderings, and what ends a turn is the assistant's.
   *
   * @returns besides, how the turns were found; `text`: the template writes a turn otherwise when it is the last one
   * @throws UserError when a turn is not found
   */
  encodeChatWithMask(
    messages: readonly ChatMessage[],
    options: ChatOptions = {},
  ): { encoding: Encoding; assistantMask: number[]; by: 'tags' | 'difference' | 'text' } {
    const given = { specialTokens: [...this.specialTokens.values()], ...options };
    const rendered = renderChat(messages, this.config.chat_template, this.#specialTokens(), given, true);
    const { text, generated, by = 'tags' } = rendered;
    const encoding = this.encode(text, { addSpecialTokens: false });
    const mask = by === 'tags' ? assistantMask : overlapMask;
    return { encoding, assistantMask: mask(encoding.offsets, generated), by };
  }

  /** The special tokens by name, as chat templates know them. */
  #specialTokens(): Record<string, unknown> {
    const isToken = ([key, value]: [string, unknown]): boolean =>
      (key.endsWith('_token') && typeof value === 'string') || key === 'additional_special_tokens';
    return Object.fromEntries(Object.entries(this.config).filter(isToken));
  }

  #special(name: 'bos_token' | 'eos_token' | 'pad_token' | 'unk_token' | 'mask_token'): number | undefined {
    const token = this.#pipeline.config[name];
    return token == null ? undefined : this.tokenToId(token);
  }

  /** The ids that the post-processor puts around a single text. */
  specialTokensAround(): { before: number[]; after: number[] } {
    const { ids, sequenceIds } = this.encode('a');
    const from = sequenceIds.indexOf(0);
    if (from < 0) return { before: [], after: [] };
    return { before: ids.slice(0, from), after: ids.slice(sequenceIds.lastIndexOf(0) + 1) };
  }
  /** The ids that the post-processor puts around the two texts of a pair, and the segment of each. */
  specialTokensAroundPair(): PairFrame {
    const { ids, sequenceIds, typeIds } = this.encode('a', { pair: 'a' });
    const part = (from: number, to: number) => ({ ids: ids.slice(from, to), types: typeIds.slice(from, to) });
    const [first, second] = [sequenceIds.indexOf(0), sequenceIds.indexOf(1)];
    return {
      before: part(0, first),
      between: part(sequenceIds.lastIndexOf(0) + 1, second),
      after: part(sequenceIds.lastIndexOf(1) + 1, ids.length),
      types: [typeIds[first], typeIds[second]],
    };
  }
}

/** What stands around the two texts of a pair. */
export interface PairFrame {
  before: FramePart;
  between: FramePart;
  after: FramePart;
  /** The segment of each text. */
  types: readonly [first: number, second: number];
}

interface FramePart {
  ids: readonly number[];
  /** The segment of each. */
  types: readonly number[];
}

const noText = (given: unknown): Error =>
  usageError('TSLM_BAD_INPUT', `a text is expected, not ${given === null ? 'null' : typeof given}`, 'give a string');
