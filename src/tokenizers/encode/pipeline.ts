/** The components that a `tokenizer.json` describes, in the order that a text passes them, and their vocabulary. */
import { z } from 'zod';
import { AddedTokens, addedTokenSchema } from '../added-tokens.ts';
import { createByteBpeEncoder } from '../byte-bpe/create.ts';
import type { ByteBpeEncoder } from '../byte-bpe/encoder.ts';
import { createChunkEncoder } from '../chunks/create.ts';
import type { ChunkEncoder } from '../chunks/encoder.ts';
import { createDecoder } from '../decoders/create.ts';
import type { Decoder } from '../decoders/decoder.ts';
import { bosEosTemplate, withAddedTokens, withBertOptions, withPrefixSpace } from '../folders/apply-config.ts';
import { paddingSchema, truncationSchema, withFileDefaults } from '../folders/file-defaults.ts';
import type { TokenizerConfig } from '../folders/tokenizer-config.ts';
import { type Factory, parseConfig } from '../folders/tokenizer-json.ts';
import { createModel } from '../models/create.ts';
import type { Model } from '../models/model.ts';
import { createNormalizer } from '../normalizers/create.ts';
import { createPostProcessor } from '../post-processors/create.ts';
import type { PostProcessor } from '../post-processors/post-processor.ts';
import { createPreTokenizer } from '../pre-tokenizers/create.ts';
import type { PreTokenizer } from '../pre-tokenizers/pre-tokenizer.ts';
import { hasForeignRegex, withTimeLimit } from '../regex/time-limit.ts';

const fileSchema = z.strictObject({
  version: z.literal('1.0'),
  truncation: truncationSchema,
  padding: paddingSchema,
  added_tokens: z.array(addedTokenSchema),
  normalizer: z.unknown(),
  pre_tokenizer: z.unknown(),
  post_processor: z.unknown(),
  decoder: z.unknown(),
  model: z.unknown(),
});

export class Pipeline {
  /** Cuts added tokens out of a text and normalizes the rest. */
  readonly added: AddedTokens;
  readonly preTokenizer: PreTokenizer | undefined;
  readonly model: Model;
  readonly postProcessor: PostProcessor | undefined;
  readonly decoder: Decoder | undefined;
  /** The decoder is byte-level, and so needs no more than the bytes of each token. */
  readonly decodesBytes: boolean;
  /** The highest id and one more, added tokens included. */
  readonly vocabSize: number;
  /** Pre-tokenizer and model in one, for the pipelines that have a fast path. */
  readonly encoder: ByteBpeEncoder | undefined;
  /** All components in one, for pipelines that treat a text chunk by chunk; it wants text as given. */
  readonly chunks: ChunkEncoder | undefined;
  /** The string of each token, for the fast path. */
  readonly tokens: readonly string[];
  /** tokenizer_config.json, with what tokenizer.json says of padding and truncation. */
  readonly config: TokenizerConfig;

  /** @throws UserError that names the component and what is wrong or not supported */
  constructor(json: unknown, where: string, config: TokenizerConfig) {
    const file = parseConfig(fileSchema, json, where);
    this.config = withFileDefaults(config, file.padding, file.truncation);
    const part = <Part>(key: string, json: unknown, create: Factory<Part>): Part | undefined =>
      json == null ? undefined : create(json, `${where}: ${key}`);
    this.model = createModel(withModelType(file.model), `${where}: model`);
    const normalizerJson = withBertOptions(file.normalizer, config);
    const normalizer = part(
      'normalizer',
      normalizerJson,
      limited(createNormalizer, normalizer => ({
        normalize: text => withTimeLimit(text.length, where, () => normalizer.normalize(text)),
      })),
    );
    const preTokenizer = withPrefixSpace(file.pre_tokenizer, config);
    this.preTokenizer = part(
      'pre_tokenizer',
      preTokenizer,
      limited(createPreTokenizer, ({ split }) => ({
        split: text => withTimeLimit(text.length, where, () => split(text)),
      })),
    );
    this.decoder = part(
      'decoder',
      file.decoder,
      limited(createDecoder, ({ decode }) => ({
        decode: tokens => withTimeLimit(lengthOf(tokens), where, () => decode(tokens)),
      })),
    );
    this.decodesBytes = (file.decoder as { type?: string } | null)?.type === 'ByteLevel';
    this.encoder = createByteBpeEncoder(this.model, preTokenizer);
    this.added = new AddedTokens(withAddedTokens(file.added_tokens, this.config), this.model, normalizer, {
      splitSpecial: config.split_special_tokens ?? false,
    });
    this.chunks =
      this.encoder || this.added.hasNormalized
        ? undefined
        : createChunkEncoder(this.model, normalizer, this.preTokenizer, normalizerJson, preTokenizer);
    const postProcessor = bosEosTemplate(config, token => this.tokenToId(token)) ?? file.post_processor;
    this.postProcessor = part('post_processor', withPrefixSpace(postProcessor, config), createPostProcessor);
    this.vocabSize = this.added.list.reduce((limit, { id }) => Math.max(limit, id + 1), this.model.idLimit);
    this.tokens = Array.from({ length: this.encoder ? this.vocabSize : 0 }, (_, id) => this.idToToken(id) ?? '');
  }

  tokenToId(token: string): number | undefined {
    return this.added.id(token) ?? this.model.tokenToId(token);
  }

  idToToken(id: number): string | undefined {
    return this.added.written(id) ?? this.model.idToToken(id);
  }
}

/** Older files leave the type of the model out. */
function withModelType(model: unknown): unknown {
  if (typeof model !== 'object' || model === null || 'type' in model) return model;
  if ('merges' in model) return { type: 'BPE', ...model };
  if ('max_input_chars_per_word' in model) return { type: 'WordPiece', ...model };
  return { type: 'vocab' in model && Array.isArray(model.vocab) ? 'Unigram' : 'WordLevel', ...model };
}

/** A factory whose components run under a time limit where their regular expressions might need one. */
const limited =
  <Part>(create: Factory<Part>, limit: (part: Part) => Part): Factory<Part> =>
  (config, where) => {
    const part = create(config, where);
    return hasForeignRegex(config) ? limit(part) : part;
  };

const lengthOf = (tokens: readonly string[]): number => tokens.reduce((length, token) => length + token.length, 0);
