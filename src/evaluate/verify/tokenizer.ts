/** Recorded encodings, decodings, batches, streams and chats of a tokenizer: everything must be equal. */
import { join } from 'node:path';
import { z } from 'zod';
import { messageOf, UserError } from '../../support/errors.ts';
import { readJson } from '../../support/files.ts';
import { parseOptions } from '../../support/schema.ts';
import type { ChatMessage } from '../../tokenizers/chat/chat.ts';
import type { EncodeOptions } from '../../tokenizers/encode/encode-options.ts';
import { Tokenizer } from '../../tokenizers/tokenizer.ts';
import { type Check, compareExactly } from './compare.ts';

const kwargs = z.record(z.string(), z.unknown());
const list = z.array(z.unknown());

const schema = z.object({
  vocab_size_with_added: z.int().optional(),
  strings: z.array(z.looseObject({ text: z.string() })).default([]),
  lone_surrogates: z.array(z.object({ utf16: z.array(z.int()), behaves_like: z.string() })).default([]),
  pairs: z.array(z.looseObject({ text: z.string(), pair: z.string() })).default([]),
  batch: z
    .array(
      z.object({
        kind: z.enum(['batch', 'pair', 'words']),
        texts: z.array(z.string()).optional(),
        text: z.string().optional(),
        pair: z.string().optional(),
        words: z.array(z.string()).optional(),
        kwargs,
        out: z.record(z.string(), list).optional(),
        word_ids: list.optional(),
        error: z.unknown().optional(),
      }),
    )
    .default([]),
  streaming: z
    .array(z.object({ text: z.string(), ids: z.array(z.int()), chunks: z.array(z.string().nullable()) }))
    .default([]),
  token_strings: z.record(z.string(), z.string()).default({}),
  special_tokens: z.record(z.string(), z.unknown()).default({}),
  chat: z
    .array(
      z.object({
        name: z.string(),
        template: z.string(),
        cases: z.array(
          z.object({
            messages: z.array(z.record(z.string(), z.unknown())),
            kwargs,
            text: z.string().optional(),
            ids: z.array(z.int()),
            assistant_masks: z.array(z.int()).optional(),
          }),
        ),
      }),
    )
    .default([]),
});

type Golden = z.output<typeof schema>;
type Named = Omit<Check, 'section'>;

/** @throws UserError when the folder holds no tokenizer or no recorded results of one */
export function* verifyTokenizer(folder: string): Generator<Check> {
  const path = join(folder, 'golden.json');
  const golden = parseOptions(schema, readJson(path), path);
  const tokenizer = Tokenizer.fromFile(folder);
  const sections: Record<string, (tokenizer: Tokenizer, golden: Golden) => Iterable<Named>> = {
    strings,
    surrogates,
    pairs,
    batches,
    streams,
    vocabulary,
    chats,
  };
  for (const [section, checks] of Object.entries(sections)) {
    for (const check of checks(tokenizer, golden)) yield { section, ...check };
  }
}

const short = (text: string): string => JSON.stringify(text.length > 24 ? `${text.slice(0, 24)}…` : text);

/** One check for each recorded quantity that there is. */
function* compareAll(name: string, actual: Record<string, () => unknown>, expected: object): Generator<Named> {
  for (const [quantity, get] of Object.entries(actual)) {
    if (!(quantity in expected)) continue;
    const value = (expected as Record<string, unknown>)[quantity];
    yield { name, quantity, ...attempt(() => compareExactly(get(), value)) };
  }
}

function attempt(compare: () => ReturnType<typeof compareExactly>): ReturnType<typeof compareExactly> {
  try {
    return compare();
  } catch (error) {
    return { pass: false, note: messageOf(error) };
  }
}

function* strings(tokenizer: Tokenizer, golden: Golden): Generator<Named> {
  for (const { text, ...expected } of golden.strings) {
    const plain = tokenizer.encode(text, { addSpecialTokens: false });
    const special = tokenizer.encode(text);
    const actual = {
      ids: () => plain.ids,
      tokens: () => plain.tokens,
      offsets: () => plain.offsets,
      word_ids: () => plain.wordIds,
      ids_with_special: () => special.ids,
      special_tokens_mask: () => special.specialTokensMask,
      type_ids: () => special.typeIds,
      decoded: () => tokenizer.decode(special.ids),
      decoded_skip_special: () => tokenizer.decode(special.ids, { skipSpecialTokens: true }),
    };
    yield* compareAll(short(text), actual, expected);
    const fast = {
      ids: () => [...tokenizer.encodeIds(text)],
      ids_with_special: () => [...tokenizer.encodeIds(text, { addSpecialTokens: true })],
    };
    for (const check of compareAll(short(text), fast, expected)) {
      yield { ...check, quantity: `${check.quantity} alone` };
    }
  }
}

function* surrogates(tokenizer: Tokenizer, golden: Golden): Generator<Named> {
  for (const { utf16, behaves_like: alike } of golden.lone_surrogates) {
    const [text, other] = [String.fromCharCode(...utf16), alike].map(input => ({
      ...tokenizer.encode(input).toJSON(),
      alone: [...tokenizer.encodeIds(input)],
    }));
    yield { name: utf16.join(' '), quantity: 'encoding', ...compareExactly(text, other) };
  }
}

function* pairs(tokenizer: Tokenizer, golden: Golden): Generator<Named> {
  for (const { text, pair, ...expected } of golden.pairs) {
    const encoding = tokenizer.encode(text, { pair });
    const actual = {
      ids: () => encoding.ids,
      type_ids: () => encoding.typeIds,
      tokens: () => encoding.tokens,
      offsets: () => encoding.offsets,
      special_tokens_mask: () => encoding.specialTokensMask,
      sequence_ids: () => encoding.sequenceIds,
      decoded: () => tokenizer.decode(encoding.ids, { skipSpecialTokens: true }),
    };
    yield* compareAll(`${short(text)} + ${short(pair)}`, actual, expected);
  }
}

/** The keyword arguments of a tokenizer of Transformers as our options. */
const optionsOf = (given: Record<string, unknown>): EncodeOptions =>
  ({
    addSpecialTokens: given.add_special_tokens,
    padding: given.padding,
    maxLength: given.max_length,
    truncation: given.truncation,
    stride: given.stride,
    padToMultipleOf: given.pad_to_multiple_of,
    paddingSide: given.padding_side,
    truncationSide: given.truncation_side,
  }) as EncodeOptions;

function* batches(tokenizer: Tokenizer, golden: Golden): Generator<Named> {
  for (const { kind, texts, text, pair, words, out = {}, word_ids, error, ...entry } of golden.batch) {
    const name = `${kind} ${JSON.stringify(entry.kwargs)}`;
    const inputs = kind === 'batch' ? texts! : kind === 'pair' ? [{ text: text!, pair: pair! }] : [words!];
    const encode = () => tokenizer.encodeBatch(inputs, optionsOf(entry.kwargs));
    if (error !== undefined) {
      yield { name, quantity: 'refusal', ...refuses(encode) };
      continue;
    }
    const withOverflow = entry.kwargs.return_overflowing_tokens === true;
    const rows = encode().flatMap((encoding, sample) =>
      [encoding, ...(withOverflow ? encoding.overflowing : [])].map(row => ({ row, sample })),
    );
    const column = (value: (row: (typeof rows)[number]) => unknown) => (): unknown =>
      kind === 'words' ? value(rows[0]) : rows.map(value);
    const actual = {
      input_ids: column(({ row }) => row.ids),
      token_type_ids: column(({ row }) => row.typeIds),
      attention_mask: column(({ row }) => row.attentionMask),
      special_tokens_mask: column(({ row }) => row.specialTokensMask),
      offset_mapping: column(({ row }) => row.offsets),
      overflow_to_sample_mapping: column(({ sample }) => sample),
    };
    yield* compareAll(name, actual, out);
    const unknown = Object.keys(out).find(key => !(key in actual));
    if (unknown) yield { name, quantity: unknown, pass: false, note: 'there is nothing to compare it with' };
    if (word_ids) yield { name, quantity: 'word_ids', ...compareExactly(rows[0].row.wordIds, word_ids) };
  }
}

function refuses(encode: () => unknown): ReturnType<typeof compareExactly> {
  try {
    encode();
    return { pass: false, note: 'it was encoded, and had to be refused' };
  } catch (error) {
    return error instanceof UserError ? { pass: true } : { pass: false, note: messageOf(error) };
  }
}

function* streams(tokenizer: Tokenizer, golden: Golden): Generator<Named> {
  for (const { text, ids, chunks } of golden.streaming) {
    const stream = tokenizer.decodeStream({ skipSpecialTokens: true });
    const actual = [...ids.map(id => stream.push(id)), stream.end()];
    const expected = [...chunks.map(chunk => chunk ?? ''), ''];
    yield { name: short(text), quantity: 'chunks', ...compareExactly(actual, expected) };
  }
}

function* vocabulary(tokenizer: Tokenizer, golden: Golden): Generator<Named> {
  const { vocab_size_with_added: size, token_strings: tokens, special_tokens: special } = golden;
  if (size !== undefined) yield { name: '', quantity: 'size', ...compareExactly(tokenizer.vocabSize, size) };
  const ids = Object.keys(tokens).map(Number);
  yield {
    name: '',
    quantity: 'tokens',
    ...compareExactly(
      ids.map(id => tokenizer.idToToken(id)),
      Object.values(tokens),
    ),
  };
  yield {
    name: '',
    quantity: 'ids',
    ...compareExactly(
      Object.values(tokens).map(t => tokenizer.tokenToId(t)),
      ids,
    ),
  };
  const known = {
    bos_token: tokenizer.bosTokenId,
    eos_token: tokenizer.eosTokenId,
    pad_token: tokenizer.padTokenId,
    unk_token: tokenizer.unkTokenId,
  };
  for (const [name, id] of Object.entries(known)) {
    const token = special[name];
    const expected = typeof token === 'string' ? tokenizer.tokenToId(token) : undefined;
    yield { name: '', quantity: name, ...compareExactly(id ?? null, expected ?? null) };
  }
}

function* chats(tokenizer: Tokenizer, golden: Golden): Generator<Named> {
  for (const { name: template, template: source, cases } of golden.chat) {
    for (const [i, { messages, kwargs: given, ...expected }] of cases.entries()) {
      const {
        tools,
        add_generation_prompt: addGenerationPrompt,
        continue_final_message: continueFinalMessage,
        return_assistant_tokens_mask: _,
        ...variables
      } = given;
      const conversation = messages as unknown as ChatMessage[];
      const options = {
        ...(template === 'default' ? {} : { chatTemplate: source }),
        tools: tools as Record<string, unknown>[] | undefined,
        addGenerationPrompt: addGenerationPrompt === true,
        continueFinalMessage: continueFinalMessage === true,
        variables,
      };
      const actual = {
        ids: () => tokenizer.encodeChat(conversation, options).ids,
        text: () => tokenizer.applyChatTemplate(conversation, options),
        assistant_masks: () => tokenizer.encodeChatWithMask(conversation, options).assistantMask,
      };
      yield* compareAll(`${template} ${i + 1}`, actual, expected);
    }
  }
}
