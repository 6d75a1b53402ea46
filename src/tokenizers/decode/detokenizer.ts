/** From ids back to text, all at once or as they arrive. */
import { fromByteChars } from '../byte-alphabet.ts';
import type { Pipeline } from '../encode/pipeline.ts';
import { Bpe } from '../models/bpe.ts';
import { cleanUpText } from './clean-up.ts';
import { createByteStream, createDecodeStream, type DecodeStream } from './decode-stream.ts';

export interface DecodeOptions {
  /** Leave special tokens out of the text. Default false. */
  skipSpecialTokens?: boolean;
  /**
   * Take back spaces before English punctuation and contractions. Default: `clean_up_tokenization_spaces` of
   * tokenizer_config.json, which Transformers does not apply to byte pair encoding.
   */
  cleanUpTokenizationSpaces?: boolean;
}

export class Detokenizer {
  readonly #pipeline: Pipeline;
  /** Bytes of each token, where they are all that decoding needs. */
  readonly #bytes: Uint8Array[] | undefined;

  constructor(pipeline: Pipeline) {
    this.#pipeline = pipeline;
    if (pipeline.decodesBytes) {
      this.#bytes = Array.from({ length: pipeline.vocabSize }, (_, id) => {
        const token = pipeline.idToToken(id);
        return token === undefined ? NO_BYTES : fromByteChars(token);
      });
    }
  }

  /** The text of ids; ids beyond the vocabulary are left out. */
  decode(ids: ArrayLike<number>, options: DecodeOptions = {}): string {
    const text = this.#decode(ids, options.skipSpecialTokens ?? false);
    return this.#cleansUp(options) ? cleanUpText(text) : text;
  }

  /** The text of tokens as the vocabulary writes them. */
  join(tokens: readonly string[]): string {
    const { decoder } = this.#pipeline;
    return decoder ? decoder.decode([...tokens]).join('') : tokens.join(' ');
  }

  /** Decodes ids as they arrive; half a character is never given out. */
  stream(options: DecodeOptions = {}): DecodeStream {
    return this.#bytes && !this.#cleansUp(options)
      ? createByteStream(id => this.#bytesOf(id, options.skipSpecialTokens ?? false))
      : createDecodeStream(ids => this.decode(ids, options));
  }

  #cleansUp({ cleanUpTokenizationSpaces }: DecodeOptions): boolean {
    const { config, model } = this.#pipeline;
    return cleanUpTokenizationSpaces ?? (config.clean_up_tokenization_spaces === true && !(model instanceof Bpe));
  }

  #decode(ids: ArrayLike<number>, skipSpecialTokens: boolean): string {
    if (this.#bytes) {
      const parts: Uint8Array[] = [];
      for (let i = 0; i < ids.length; i++) parts.push(this.#bytesOf(ids[i], skipSpecialTokens));
      return Buffer.concat(parts).toString('utf8');
    }
    const { added } = this.#pipeline;
    const tokens: string[] = [];
    for (let i = 0; i < ids.length; i++) {
      const token = this.#pipeline.idToToken(ids[i]);
      if (token !== undefined && !(skipSpecialTokens && added.isSpecial(token))) tokens.push(token);
    }
    return this.join(tokens);
  }

  #bytesOf(id: number, skipSpecialTokens: boolean): Uint8Array {
    const bytes = this.#bytes![id];
    const { added } = this.#pipeline;
    if (bytes === undefined || (skipSpecialTokens && added.isSpecial(this.#pipeline.idToToken(id)!))) return NO_BYTES;
    return bytes;
  }
}

const NO_BYTES = new Uint8Array(0);
