/** Recorded results that begin with text: generation, perplexity, and words in the place of masks. */

import { resolveGenerationConfig } from '../../generate/config/generation-config.ts';
import { modelGenerationDefaults } from '../../generate/config/model-defaults.ts';
import { generateSequences } from '../../generate/sequences.ts';
import type { Model } from '../../models/model.ts';
import type { ChatMessage } from '../../tokenizers/chat/chat.ts';
import { Tokenizer } from '../../tokenizers/tokenizer.ts';
import { inferenceMode, scope, tensor } from '../../torch/index.ts';
import { type Check, compareExactly, compareNumbers, tolerances } from './compare.ts';
import { recordedOptions } from './generation.ts';
import type { Golden } from './golden.ts';

export function* verifyText(model: Model, golden: Golden, folder: string): Generator<Check> {
  const { text_generation: generations, perplexity, fill_mask: masks } = golden;
  if (generations.length + perplexity.length + masks.length === 0) return;
  const tokenizer = Tokenizer.fromFile(folder);
  for (const [i, entry] of generations.entries()) {
    yield* textGeneration(model, tokenizer, entry, folder).map(check => ({ ...check, name: `${i + 1}` }));
  }
  for (const [i, entry] of perplexity.entries()) {
    yield* textLoss(model, tokenizer, entry).map(check => ({ ...check, name: `${i + 1}` }));
  }
  for (const [i, entry] of masks.entries()) {
    yield* maskedWords(model, tokenizer, entry).map(check => ({ ...check, name: `${i + 1}` }));
  }
}

type UnnamedCheck = Omit<Check, 'name'>;

function textGeneration(
  model: Model,
  tokenizer: Tokenizer,
  entry: Golden['text_generation'][number],
  folder: string,
): UnnamedCheck[] {
  const check = { section: 'text generation' };
  const checks: UnnamedCheck[] = [];
  if (entry.messages) {
    const rendered = tokenizer.applyChatTemplate(entry.messages as ChatMessage[], { addGenerationPrompt: true });
    checks.push({ ...check, quantity: 'prompt', ...compareExactly(rendered, entry.prompt) });
  }
  const { ids } = tokenizer.encode(entry.prompt, { addSpecialTokens: !entry.messages });
  checks.push({ ...check, quantity: 'prompt ids', ...compareExactly(Array.from(ids), entry.prompt_ids) });
  const config = resolveGenerationConfig(recordedOptions(entry.config), { defaults: modelGenerationDefaults(folder) });
  const [output] = generateSequences(model, { inputIds: [entry.prompt_ids] }, config).sequences;
  checks.push({ ...check, quantity: 'output ids', ...compareExactly(output, entry.output_ids) });
  if (entry.text !== undefined) {
    checks.push({ ...check, quantity: 'text', ...compareExactly(tokenizer.decode(output), entry.text) });
  }
  if (entry.new_text !== undefined) {
    const text = tokenizer.decode(output.slice(entry.prompt_ids.length), { skipSpecialTokens: true });
    checks.push({ ...check, quantity: 'new text', ...compareExactly(text, entry.new_text) });
  }
  return checks;
}

function textLoss(model: Model, tokenizer: Tokenizer, entry: Golden['perplexity'][number]): UnnamedCheck[] {
  const check = { section: 'perplexity' };
  const ids = Array.from(tokenizer.encode(entry.text).ids);
  const loss = scope(() =>
    inferenceMode(() => {
      const inputIds = tensor([entry.ids], { dtype: 'int64' });
      return model.forward({ inputIds, labels: inputIds }).loss?.item();
    }),
  );
  const perplexity = loss === undefined ? undefined : Math.exp(loss);
  return [
    { ...check, quantity: 'ids', ...compareExactly(ids, entry.ids) },
    { ...check, quantity: 'mean loss', ...compareNumbers([loss], [entry.mean_nll], tolerances.loss) },
    // An error of the loss is multiplied by the perplexity.
    { ...check, quantity: 'perplexity', ...compareNumbers([perplexity], [entry.perplexity], { atol: 0, rtol: 1e-3 }) },
  ];
}

function maskedWords(model: Model, tokenizer: Tokenizer, entry: Golden['fill_mask'][number]): UnnamedCheck[] {
  const check = { section: 'fill mask' };
  const ids = Array.from(tokenizer.encode(entry.text, { addSpecialTokens: true }).ids);
  const checks: UnnamedCheck[] = [{ ...check, quantity: 'ids', ...compareExactly(ids, entry.ids) }];
  return scope(() =>
    inferenceMode(() => {
      const { logits } = model.forward({ inputIds: tensor([entry.ids], { dtype: 'int64' }) });
      for (const { position, top5 } of entry.slots) {
        const probabilities = logits!.select(0, 0).select(0, position).softmax(-1);
        const [scores, best] = probabilities.topk(top5.length);
        const words = Array.from(best.toNumbers(), Number);
        const expected = top5.map(({ id }) => id);
        checks.push(
          { ...check, quantity: `slot ${position} ids`, ...compareExactly(words, expected) },
          {
            ...check,
            quantity: `slot ${position} tokens`,
            ...compareExactly(
              words.map(id => tokenizer.idToToken(id)),
              top5.map(({ token }) => token),
            ),
          },
          {
            ...check,
            quantity: `slot ${position} scores`,
            ...compareNumbers(
              Array.from(scores.toNumbers()),
              top5.map(({ score }) => score),
              tolerances.logProbs,
            ),
          },
        );
      }
      return checks;
    }),
  );
}
