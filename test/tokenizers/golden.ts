/** Recorded results of Hugging Face, and checks of a tokenizer against them. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import type { Encoding } from '../../src/tokenizers/encoding.ts';
import { type ChatMessage, type EncodeOptions, Tokenizer } from '../../src/tokenizers/tokenizer.ts';

interface GoldenString {
  text: string;
  ids: number[];
  tokens: string[];
  offsets: [number, number][];
  word_ids: number[];
  ids_with_special: number[];
  special_tokens_mask: number[];
  type_ids: number[];
  decoded: string;
  decoded_skip_special: string;
}

interface GoldenPair {
  text: string;
  pair: string;
  ids: number[];
  type_ids: number[];
  tokens: string[];
  offsets: [number, number][];
  special_tokens_mask: number[];
  sequence_ids: (number | null)[];
  decoded: string;
}

type Kwargs = Record<string, unknown>;

interface GoldenBatch {
  kind: 'batch' | 'pair' | 'words';
  texts?: string[];
  text?: string;
  pair?: string;
  words?: string[];
  kwargs: Kwargs;
  out?: Record<string, unknown>;
  word_ids?: (number | null)[];
  error?: string;
}

export interface Golden {
  vocab_size_with_added: number;
  strings: GoldenString[];
  lone_surrogates: { utf16: number[]; behaves_like: string }[];
  pairs: GoldenPair[];
  batch: GoldenBatch[];
  streaming: { text: string; ids: number[]; chunks: (string | null)[] }[];
  token_strings: Record<string, string>;
  special_tokens: Record<string, string>;
  chat?: GoldenChat[];
}

interface GoldenChat {
  name: string;
  template: string;
  cases: {
    messages: ChatMessage[];
    kwargs: Kwargs & { tools?: Record<string, unknown>[] };
    text?: string;
    ids: number[];
    assistant_masks?: number[];
  }[];
}

export function openGolden(folder: string): { golden: Golden; tokenizer: Tokenizer } {
  const golden = JSON.parse(readFileSync(join(folder, 'golden.json'), 'utf8')) as Golden;
  return { golden, tokenizer: Tokenizer.fromFile(folder) };
}

export function expectString(tokenizer: Tokenizer, want: GoldenString): void {
  const plain = tokenizer.encode(want.text, { addSpecialTokens: false });
  const special = tokenizer.encode(want.text);
  expect({
    text: want.text,
    ids: plain.ids,
    tokens: plain.tokens,
    offsets: plain.offsets,
    word_ids: plain.wordIds,
    ids_with_special: special.ids,
    special_tokens_mask: special.specialTokensMask,
    type_ids: special.typeIds,
    decoded: tokenizer.decode(special.ids),
    decoded_skip_special: tokenizer.decode(special.ids, { skipSpecialTokens: true }),
  }).toEqual(want);
  expect([...tokenizer.encodeIds(want.text)]).toEqual(want.ids);
  expect([...tokenizer.encodeIds(want.text, { addSpecialTokens: true })]).toEqual(want.ids_with_special);
}

export function expectPair(tokenizer: Tokenizer, want: GoldenPair): void {
  const got = tokenizer.encode(want.text, { pair: want.pair });
  expect({
    text: want.text,
    pair: want.pair,
    ids: got.ids,
    type_ids: got.typeIds,
    tokens: got.tokens,
    offsets: got.offsets,
    special_tokens_mask: got.specialTokensMask,
    sequence_ids: got.sequenceIds,
    decoded: tokenizer.decode(got.ids, { skipSpecialTokens: true }),
  }).toEqual(want);
}

/** The keyword arguments of a transformers tokenizer as our options. */
const optionsOf = (kwargs: Kwargs): EncodeOptions =>
  ({
    addSpecialTokens: kwargs.add_special_tokens,
    padding: kwargs.padding,
    maxLength: kwargs.max_length,
    truncation: kwargs.truncation,
    stride: kwargs.stride,
    padToMultipleOf: kwargs.pad_to_multiple_of,
    paddingSide: kwargs.padding_side,
    truncationSide: kwargs.truncation_side,
  }) as EncodeOptions;

export function expectBatch(tokenizer: Tokenizer, want: GoldenBatch): void {
  const inputs =
    want.kind === 'batch'
      ? want.texts!
      : want.kind === 'pair'
        ? [{ text: want.text!, pair: want.pair! }]
        : [want.words!];
  const run = (): Encoding[] => tokenizer.encodeBatch(inputs, optionsOf(want.kwargs));
  if (want.error !== undefined) {
    expect(run).toThrow(expect.objectContaining({ name: 'UserError' }));
    return;
  }
  const withOverflow = want.kwargs.return_overflowing_tokens === true;
  const rows = run().flatMap((encoding, sample) =>
    [encoding, ...(withOverflow ? encoding.overflowing : [])].map(row => ({ row, sample })),
  );
  const columns: Record<string, unknown[]> = {
    input_ids: rows.map(({ row }) => row.ids),
    token_type_ids: rows.map(({ row }) => row.typeIds),
    attention_mask: rows.map(({ row }) => row.attentionMask),
    special_tokens_mask: rows.map(({ row }) => row.specialTokensMask),
    offset_mapping: rows.map(({ row }) => row.offsets),
    overflow_to_sample_mapping: rows.map(({ sample }) => sample),
  };
  for (const [name, value] of Object.entries(want.out!)) {
    expect(want.kind === 'words' ? columns[name][0] : columns[name], name).toEqual(value);
  }
  if (want.word_ids) expect(rows[0].row.wordIds).toEqual(want.word_ids);
}

export function expectStreaming(tokenizer: Tokenizer, want: Golden['streaming'][number]): void {
  const stream = tokenizer.decodeStream({ skipSpecialTokens: true });
  expect(want.ids.map(id => stream.push(id))).toEqual(want.chunks.map(chunk => chunk ?? ''));
  expect(stream.end()).toBe('');
}

export function expectChat(tokenizer: Tokenizer, { name, template, cases }: GoldenChat): void {
  for (const { messages, kwargs, text, ids, assistant_masks: mask } of cases) {
    const {
      tools,
      add_generation_prompt: addGenerationPrompt,
      continue_final_message: continueFinalMessage,
      return_assistant_tokens_mask: _,
      ...variables
    } = kwargs;
    const options = {
      ...(name === 'default' ? {} : { chatTemplate: template }),
      tools,
      addGenerationPrompt: addGenerationPrompt === true,
      continueFinalMessage: continueFinalMessage === true,
      variables,
    };
    expect(tokenizer.encodeChat(messages, options).ids).toEqual(ids);
    if (text !== undefined) expect(tokenizer.applyChatTemplate(messages, options)).toBe(text);
    if (mask) {
      const masked = tokenizer.encodeChatWithMask(messages, options);
      expect([masked.encoding.ids, masked.assistantMask]).toEqual([ids, mask]);
    }
  }
}
