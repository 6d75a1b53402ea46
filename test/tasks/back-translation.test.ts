import { describe, expect, it } from 'vitest';
import { backTranslationAugmenter } from '../../src/tasks/back-translation.ts';
import { translate } from '../../src/tasks/text-to-text.ts';
import { errorOf } from '../data/helpers.ts';
import { tinyModel, wordTokenizer } from './helpers.ts';

const tokenizer = wordTokenizer();
const both = { translation_en_to_de: { prefix: 'ann is ' }, translation_de_to_en: { prefix: 'lee is ' } };
const place = { row: 3, column: 0 };

describe('back-translation', () => {
  it('translates there and back, by beams as the task does', () => {
    using model = tinyModel('t5', 'T5ForConditionalGeneration', { task_specific_params: both });
    const translator = { model, tokenizer };
    const languages = { sourceLanguage: 'en', pivotLanguage: 'de' };
    const augmenter = backTranslationAugmenter({
      forward: translator,
      ...languages,
      numBeams: 3,
      maxNewTokens: 6,
      seed: 1,
    });
    const generation = { numBeams: 3, maxNewTokens: 6 };
    const [there] = translate(model, tokenizer, ['the cat sat'], {
      sourceLanguage: 'en',
      targetLanguage: 'de',
      generation,
    });
    const pivot = there.text.trim();
    const back = { sourceLanguage: 'de', targetLanguage: 'en', generation };
    const expected = pivot === '' ? 'the cat sat' : translate(model, tokenizer, [pivot], back)[0].text.trim();
    expect(augmenter.texts('the cat sat', 1, place)).toEqual([expected || 'the cat sat']);
    expect(augmenter.texts('the cat sat', 2, place)).toHaveLength(2);
  });

  it('draws by seed and row', async () => {
    using model = tinyModel('t5', 'T5ForConditionalGeneration', { task_specific_params: both });
    using other = tinyModel('t5', 'T5ForConditionalGeneration', { task_specific_params: both });
    const make = (seed: number) =>
      backTranslationAugmenter({
        forward: { model, tokenizer },
        backward: { model: other, tokenizer },
        sourceLanguage: 'en',
        pivotLanguage: 'de',
        temperature: 1.5,
        maxNewTokens: 8,
        seed,
      });
    const draw = (seed: number, row: number) => make(seed).texts('the dog is here', 4, { row, column: 0 });
    expect(draw(1, 3)).toEqual(draw(1, 3));
    expect(new Set([draw(1, 3), draw(1, 4), draw(2, 3)].map(String)).size).toBe(3);
    expect(make(1).tagged).toBeUndefined();
    const lost = backTranslationAugmenter({ forward: { model, tokenizer }, sourceLanguage: 'xx', seed: 1 });
    expect(await errorOf(() => lost.texts('the dog', 1, place))).toMatchObject({ code: 'TSLM_LANGUAGE' });
  });
});
