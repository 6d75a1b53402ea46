/** Instruction tuning: what is learnt of rows, how they are packed, and that nothing of it changes the loss. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Rows } from '../../src/data/rows/rows.ts';
import { type InstructionOptions, instruction } from '../../src/objectives/instruction.ts';
import { packExamples } from '../../src/objectives/packing.ts';
import { withChatTemplate } from '../../src/tokenizers/chat/give-template.ts';
import { backward, scope, type Tensor } from '../../src/torch/index.ts';
import { errorOf } from '../data/helpers.ts';
import { batchOf, evaluate, expectToLearn, tinyModel, tokenizers } from './helpers.ts';

const tokenizer = withChatTemplate(tokenizers.byteLevel(), 'chatml');
const user = (content: string) => ({ role: 'user', content });
const assistant = (content: string) => ({ role: 'assistant', content });
const chats: Rows['instruction'][] = [
  { messages: [user('Dogs'), assistant('cats'), user('river'), assistant('bridge')] },
  { prompt: [user('The river')], completion: [assistant('rose')] },
  { prompt: 'The cat', completion: ' sat on the mat.' },
  { text: 'The wind.' },
];
const of = (options: InstructionOptions = {}, context = 64) => instruction({ tokenizer, context }, options);
const data = (rows: readonly Rows['instruction'][]) => ({
  length: rows.length,
  row: (index: number) => rows[index],
  place: (index: number) => `chats.jsonl: row ${index + 1}`,
  fingerprint: '',
});
const learnt = (row: Rows['instruction'], options: InstructionOptions = {}): string => {
  const { ids, labels } = of(options).example(row, undefined as never);
  return tokenizer.decode(ids.filter((_, t) => t > 0 && labels[t] >= 0));
};

describe('what is learnt', () => {
  it('are turns of the assistant, completions, or all', () => {
    expect(chats.map(row => learnt(row).replaceAll('\n', ''))).toEqual([
      'cats<|im_end|>bridge<|im_end|>',
      'rose<|im_end|>',
      ' sat on the mat.<|im_end|>',
      'The wind.<|im_end|>',
    ]);
    expect(learnt(chats[0], { learn: 'completion' }).trim()).toBe('bridge<|im_end|>');
    expect(learnt(chats[1], { learn: 'all' })).toMatch(/^user\n/);
    expect(learnt(chats[1], { learn: 'assistant' }).trim()).toBe('rose<|im_end|>');
  });

  it('is refused where a row has nothing of the kind', async () => {
    expect(await errorOf(() => learnt(chats[3], { learn: 'assistant' }))).toMatchObject({ code: 'TSLM_NO_TURNS' });
    const bare = instruction({ tokenizer: tokenizers.byteLevel(), context: 64 });
    expect(await errorOf(() => bare.arrange(data(chats)))).toMatchObject({
      message: 'chats.jsonl: row 1: the row is a conversation, and the tokenizer has no chat template',
      hint: expect.stringContaining('data.chatTemplate=chatml'),
    });
  });
});

describe('rows', () => {
  const silent: Rows['instruction'] = { messages: [user('Dogs')] };

  it('without a token to learn are an error that names them, or are left out', async () => {
    expect(await errorOf(() => of().arrange(data([chats[0], silent])))).toMatchObject({
      code: 'TSLM_NO_TARGET',
      message: 'chats.jsonl: row 2: no token of it is to be learnt',
    });
    const arranged = of().arrange(data([chats[0], silent, chats[1]]), { skipBad: true });
    expect([arranged.length, arranged.bad, arranged.place!(1)]).toEqual([2, 1, 'chats.jsonl: row 3']);
    expect(arranged.notes).toEqual([
      '1 of 3 rows are left out, the first since chats.jsonl: row 2: no token of it is to be learnt',
    ]);
    expect(await errorOf(() => of({}, 6).arrange(data(chats)))).toMatchObject({
      message: expect.stringMatching(/^chats.jsonl: row 1: .*first answer begins at token \d+, and rows are cut to 6$/),
    });
  });

  it('that are cut are counted', () => {
    const long = { prompt: 'The', completion: ' river'.repeat(50) };
    const { notes, row } = of({}, 20).arrange(data([long, chats[3]]));
    expect(notes).toEqual(['1 of 2 rows are longer than 20 tokens, and cut (model.context)']);
    expect(row(0).ids.length).toBe(20);
  });
});

describe('packing', () => {
  const lengths = fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 60 });
  const total = (list: readonly number[]) => list.reduce((a, b) => a + b, 0);

  it('loses and doubles no token, but what bfd cuts', () => {
    fc.assert(
      fc.property(lengths, fc.integer({ min: 1, max: 50 }), (given, most) => {
        for (const packing of ['bfd', 'bfd_split', 'wrapped', 'none'] as const) {
          const rows = packExamples(given, most, packing);
          const sizes = rows.map(pieces => total(pieces.map(({ from, to }) => to - from)));
          expect(Math.max(...sizes)).toBeLessThanOrEqual(most);
          const seen = new Set(
            rows
              .flat()
              .flatMap(({ index, from, to }) => Array.from({ length: to - from }, (_, i) => `${index}.${from + i}`)),
          );
          const whole = packing === 'bfd_split' || packing === 'wrapped';
          const wanted = total(given.map(length => (whole ? length : Math.min(length, most))));
          expect([seen.size, total(sizes)]).toEqual([wanted, wanted]);
        }
      }),
      { seed: 1, numRuns: 60 },
    );
  });

  it('leaves no two rows that would have fitted into one', () => {
    fc.assert(
      fc.property(lengths, given => {
        const sizes = packExamples(given, 40, 'bfd').map(pieces => total(pieces.map(({ from, to }) => to - from)));
        const two = [...sizes].sort((a, b) => a - b).slice(0, 2);
        if (two.length === 2) expect(total(two)).toBeGreaterThan(40);
      }),
      { seed: 1 },
    );
  });

  it('does not change the loss: packed rows do not see each other', () => {
    const model = tinyModel('gpt2', 'GPT2LMHeadModel', tokenizer.vocabSize, {
      n_positions: 64,
      n_layer: 2,
      n_embd: 16,
      n_head: 2,
      initializer_range: 0.2,
    });
    const alone = evaluate(of(), model, batchOf(of(), chats));
    const objective = of({ packing: 'bfd' });
    const arranged = objective.arrange(data(chats));
    expect(arranged.length).toBeLessThan(chats.length);
    const rows = Array.from({ length: arranged.length }, (_, i) => arranged.row(i));
    const together = evaluate(objective, model, objective.batch(rows, 'cpu'));
    expect(Math.abs(together.words - alone.words)).toBeLessThan(1e-5);
    expect(objective.counts(objective.batch(rows, 'cpu'))).toEqual(of().counts(batchOf(of(), chats)));
  });
});

describe('the loss', () => {
  const model = () =>
    tinyModel('gpt2', 'GPT2LMHeadModel', tokenizer.vocabSize, {
      n_positions: 64,
      n_embd: 16,
      n_layer: 1,
      n_head: 2,
      initializer_range: 0.2,
      resid_pdrop: 0,
      embd_pdrop: 0,
      attn_pdrop: 0,
    });
  const gradients = (options: InstructionOptions): [number, Tensor[]] =>
    scope(() => {
      const one = model();
      one.train();
      const { words } = of(options).means(one, batchOf(of(options), chats));
      backward(words);
      return [words.item(), one.parameters().map(({ grad }) => grad!.clone())];
    });

  it('is the same in chunks', () => {
    scope(() => {
      const [[whole, a], [parts, b]] = [gradients({}), gradients({ chunk: 3 })];
      expect(Math.abs(whole - parts)).toBeLessThan(1e-5);
      for (const [i, gradient] of a.entries()) expect(gradient.sub(b[i]).abs().amax().item()).toBeLessThan(1e-5);
    });
  });

  it('has noise in training alone', () => {
    const one = model();
    const noisy = of({ neftune: 50 });
    const batch = batchOf(noisy, chats);
    expect(evaluate(noisy, one, batch)).toEqual(evaluate(of(), one, batch));
    const draw = () => scope(() => noisy.means(one.train(), batch).words.item());
    expect(draw()).not.toBe(draw());
  });

  it('goes down', () => {
    expectToLearn(of({ neftune: 1 }), model(), chats, { factor: 0.6 });
  });
});
