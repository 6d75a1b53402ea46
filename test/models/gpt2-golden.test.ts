/** GPT-2 against what Hugging Face Transformers computes. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { generate } from '../../src/generate/generate.ts';
import { resolveGenerationConfig } from '../../src/generate/generation-config.ts';
import { fromGenerationConfigJson } from '../../src/generate/generation-config-json.ts';
import { modelGenerationDefaults } from '../../src/generate/model-defaults.ts';
import { generateText } from '../../src/generate/text.ts';
import { loadModel } from '../../src/models/auto.ts';
import { checkpointTensors, keyOf } from '../../src/models/checkpoint.ts';
import { causalLoss } from '../../src/models/losses.ts';
import { Tokenizer } from '../../src/tokenizers/tokenizer.ts';
import { backward, inferenceMode, noGrad, scope } from '../../src/torch/index.ts';
import { adamW, clipGradNorm } from '../../src/train/adamw.ts';
import { expectClose } from '../torch/helpers.ts';
import { expectGradient, expectNumbers, goldenFolders, int64, openGolden, tolerances } from './golden.ts';

describe.each(goldenFolders)('%s', folder => {
  const { golden, recorded } = openGolden(folder);
  const { decoder, family, unexpected } = loadModel(folder);
  afterAll(() => decoder.dispose());

  it('has a place for every tensor of the checkpoint', () => {
    expect(unexpected).toEqual([]);
  });

  it.each(golden.forward)('forward: $name', ({ inputs, tensors, loss }) => {
    scope(() =>
      noGrad(() => {
        const mask = inputs.attention_mask && int64(inputs.attention_mask);
        const output = decoder.forward(int64(inputs.input_ids), {
          attentionMask: mask,
          labels: inputs.labels && int64(inputs.labels),
          outputHiddenStates: true,
          outputAttentions: true,
        });
        const computed = {
          logits: output.logits,
          last_hidden_state: output.lastHiddenState,
          ...Object.fromEntries(output.hiddenStates!.map((x, i) => [`hidden_states.${i}`, x])),
          ...Object.fromEntries(output.attentions!.map((x, i) => [`attentions.${i}`, x])),
        };
        for (const [quantity, name] of Object.entries(tensors)) {
          const actual = computed[quantity as 'logits'];
          // [batch, time] → whatever comes between, and after: what stands at padding is not compared.
          const counts =
            mask &&
            (quantity.startsWith('attentions') ? mask.view([mask.size(0), 1, -1, 1]) : mask.unsqueeze(-1)).expand(
              actual.shape,
            );
          expectClose(actual, recorded(name), { ...tolerances.forward, mask: counts, name });
        }
        if (loss !== undefined) expectNumbers([output.loss!.item()], [loss], tolerances.loss);
      }),
    );
  });

  const { grad, adamw } = golden;
  const keys = new Map([...decoder.namedParameters()].map(([path, p]) => [keyOf(path, family.keys).key, { path, p }]));
  const inLayout = (key: string) => {
    const { path, p } = keys.get(key)!;
    return keyOf(path, family.keys).transpose ? p.grad!.t() : p.grad!;
  };
  const lossOf = (model = decoder) => {
    const { input_ids, attention_mask, labels } = grad!.inputs;
    const { logits } = model.forward(int64(input_ids), { attentionMask: int64(attention_mask) });
    return causalLoss(logits, int64(labels));
  };

  it.skipIf(!grad)('gradients and their norm', () => {
    const { loss, global_norm, tensors, params_without_grad } = grad!;
    scope(() => {
      decoder.zeroGrad();
      const actual = lossOf();
      backward(actual);
      expectNumbers([actual.item()], [loss], tolerances.loss);
      expectNumbers([clipGradNorm(decoder.parameters(), 0).norm], [global_norm], { atol: 0, rtol: 1e-4 });
      for (const [key, name] of Object.entries(tensors)) expectGradient(inLayout(key), recorded(name), name);
      for (const [key, { p }] of keys) expect(p.grad === undefined, key).toBe(params_without_grad.includes(key));
      decoder.zeroGrad();
    });
  });

  it.skipIf(!adamw)('three steps of AdamW', () => {
    const { lr, betas, eps, weight_decay, clip_grad_norm, steps, losses, grad_norms, tensors, masks } = adamw!;
    const trained = loadModel(folder).decoder;
    const optimizer = adamW([...trained.namedParameters()], { betas, eps, weightDecay: weight_decay, decayAll: true });
    const norms: number[] = [];
    const actual: number[] = [];
    for (let step = 0; step < steps; step++) {
      scope(() => {
        const loss = lossOf(trained);
        backward(loss);
        actual.push(loss.item());
      });
      const { norm, scale } = clipGradNorm(trained.parameters(), clip_grad_norm);
      norms.push(norm);
      optimizer.step(lr, scale);
      trained.zeroGrad();
    }
    actual.push(scope(() => lossOf(trained).item()));
    expectNumbers(actual, losses, tolerances.adamw);
    expectNumbers(norms, grad_norms, { atol: 0, rtol: 1e-3 });
    scope(() => {
      const parameters = new Map(checkpointTensors(trained, family.keys));
      for (const [key, name] of Object.entries(tensors)) {
        const mask = key in masks ? recorded(masks[key]) : undefined;
        expectClose(parameters.get(key)!, recorded(name), { ...tolerances.adamw, mask, name });
      }
    });
    optimizer.dispose();
    trained.dispose();
  });

  const greedy = (golden.generate ?? []).filter(({ config }) => ((config.num_beams as number) ?? 1) === 1);
  it.skipIf(greedy.length === 0).each(greedy)('generation: $name', example => {
    const { inputs, config, sequences, chosen_logprobs, tensors } = example;
    const { num_beams: _, ...options } = config;
    const resolved = resolveGenerationConfig(fromGenerationConfigJson(options, 'golden.json'), {
      defaults: example.uses_generation_config_json ? modelGenerationDefaults(folder) : {},
    });
    const mask = inputs.attention_mask;
    const prompts = inputs.input_ids.map((row, r) => row.filter((_, t) => !mask || mask[r][t] === 1));
    const produced = prompts.map((): number[] => []);
    const logProbs = prompts.map((): number[] => []);
    for (const tokens of generate(decoder, prompts, resolved, { logProbs: true })) {
      for (const { row, id, logProb } of tokens) {
        produced[row].push(id);
        logProbs[row].push(logProb!);
      }
    }
    // Rows that ended early are filled up; prompts come with their padding.
    const width = Math.max(...produced.map(row => row.length));
    const rows = produced.map((row, r) => [
      ...inputs.input_ids[r],
      ...row,
      ...new Array<number>(width - row.length).fill(resolved.padTokenId ?? 0),
    ]);
    expect(rows).toEqual(sequences);
    if (chosen_logprobs) expectNumbers(logProbs.flat(), chosen_logprobs.flat(), tolerances.logProbs);
    if (tensors?.logprobs) {
      scope(() => {
        const prompt = inputs.input_ids[0].length;
        const { logits } = inferenceMode(() => decoder.forward(int64(sequences)));
        const steps = logits.narrow(1, prompt - 1, width).logSoftmax(-1);
        expectClose(steps, recorded(tensors.logprobs), tolerances.logProbs);
      });
    }
  });

  const tokenizer = existsSync(join(folder, 'tokenizer.json')) ? Tokenizer.fromFile(folder) : undefined;
  const texts = (golden.text_generation ?? []).filter(({ config }) => config.num_beams === undefined);
  it.skipIf(texts.length === 0)('text to text', () => {
    for (const { prompt, config, prompt_ids, output_ids, new_text } of texts) {
      const resolved = resolveGenerationConfig(fromGenerationConfigJson(config, 'golden.json'), {
        defaults: modelGenerationDefaults(folder),
      });
      expect(tokenizer!.encode(prompt).ids).toEqual(prompt_ids);
      const [{ text, ids }] = generateText(decoder, tokenizer!, [prompt], resolved);
      expect([...prompt_ids, ...ids]).toEqual(output_ids);
      expect(text).toBe(new_text);
    }
  });

  it.skipIf(!golden.perplexity)('perplexity', () => {
    for (const { text, ids, mean_nll, perplexity } of golden.perplexity!) {
      expect(tokenizer!.encode(text).ids).toEqual(ids);
      const loss = scope(() =>
        inferenceMode(() => decoder.forward(int64([ids]), { labels: int64([ids]) }).loss!.item()),
      );
      expectNumbers([loss], [mean_nll], tolerances.loss);
      expectNumbers([Math.exp(loss)], [perplexity], { atol: 0, rtol: 1e-3 });
    }
  });
});
