/** What adapters hold beside linear maps, what is refused, and how several share a model. */
import { cpSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  createAdapter,
  loadAdapter,
  mergeAdapter,
  saveAdapter,
  unmergeAdapter,
  withAdapter,
} from '../../../src/models/adapters/index.ts';
import { loadCompleteModel } from '../../../src/models/auto.ts';
import type { Model } from '../../../src/models/model.ts';
import { packForInference } from '../../../src/models/pack-for-inference.ts';
import type { Lora } from '../../../src/nn/index.ts';
import {
  autocast,
  backward,
  inferenceMode,
  memoryStats,
  randn,
  scope,
  type Tensor,
  tensor,
  withSeed,
} from '../../../src/torch/index.ts';
import { hasProducts } from '../../../src/torch/products.ts';
import { scratchFolder } from '../../support/scratch.ts';
import { expectClose } from '../../torch/helpers.ts';
import { randomModel, saved } from '../families/helpers.ts';
import { tinyConfigs } from '../tiny-configs.ts';
import { laidOver, rawAdapter, writeAdapter } from './raw-adapter.ts';

const scratch = scratchFolder();
const ids = tensor([[4, 9, 30, 7, 7, 12]], { dtype: 'int64' });
const logits = (model: Model): Tensor => inferenceMode(() => model.forward({ inputIds: ids })).logits!;

/** A saved random model and its folder. */
function base(name: string, modelType: string, config: object = {}): { random: Model; folder: string } {
  const random = randomModel({ model_type: modelType, ...tinyConfigs[modelType], ...config });
  return { random, folder: saved(join(scratch, name), random) };
}

const untied = base('llama', 'llama', { architectures: ['LlamaForCausalLM'], tie_word_embeddings: false });
const projections = ['q_proj', 'down_proj'];

/** A PEFT folder of an adapter for `untied`, drawn from a seed. */
const adapterFolder = (seed: number, config: object = {}, scale = 2): string =>
  writeAdapter(
    join(scratch, `adapter-${seed}`),
    rawAdapter(untied.random, { modules: projections, seed, scale: () => scale }).tensors,
    { target_modules: projections, ...config },
  );

describe('several adapters of one model', () => {
  it('do not know of each other', () => {
    using model = loadCompleteModel(untied.folder);
    const plain = logits(model);
    using first = loadAdapter(model, adapterFolder(1));
    const alone = withAdapter(model, first, () => logits(model));
    using second = loadAdapter(model, adapterFolder(2));
    const inside = withAdapter(model, second, () => {
      const outer = logits(model);
      expect(withAdapter(model, first, () => logits(model)).equal(alone)).toBe(true);
      expect(withAdapter(model, undefined, () => logits(model)).equal(plain)).toBe(true);
      expect(() => withAdapter(model, first, () => expect.fail())).toThrow();
      expect(logits(model).equal(outer)).toBe(true);
      return outer;
    });
    expect(inside.equal(alone)).toBe(false);
    expect(logits(model).equal(plain)).toBe(true);
  });

  it('cannot be used by another model, across promises, or twice', () => {
    using model = loadCompleteModel(untied.folder);
    using other = loadCompleteModel(untied.folder);
    using adapter = loadAdapter(model, adapterFolder(1));
    expect(() => withAdapter(other, adapter, () => 0)).toThrow(/another model/);
    expect(() => mergeAdapter(other, adapter)).toThrow(/another model/);
    expect(() => withAdapter(model, adapter, async () => 0)).toThrow(/promises/);
    expect(() => withAdapter(model, adapter, () => mergeAdapter(model, adapter))).toThrow(/in use/);
    mergeAdapter(model, adapter);
    const merged = logits(model);
    mergeAdapter(model, adapter);
    expect(logits(model).equal(merged)).toBe(true);
    expect(() => withAdapter(model, adapter, () => 0)).toThrow(/merged/);
    expect(() => saveAdapter(join(scratch, 'no'), adapter)).toThrow(/merged/);
  });

  it('free their memory', () => {
    using model = loadCompleteModel(untied.folder, { dtype: 'bfloat16' });
    const folder = adapterFolder(1);
    scope(() => logits(model).sum().item());
    const before = memoryStats().liveBytes;
    const adapter = loadAdapter(model, folder);
    expect(memoryStats().liveBytes).toBeGreaterThan(before);
    scope(() => withAdapter(model, adapter, () => logits(model).sum().item()));
    adapter.dispose();
    expect(memoryStats().liveBytes).toBe(before);
  });
});

describe('tables', () => {
  const adapted = (random: Model, table: string) => rawAdapter(random, { modules: projections, tables: [table] });
  const config = { target_modules: [...projections, 'embed_tokens'] };

  it('are adapted where rows are looked up', () => {
    const { tensors, merged } = adapted(untied.random, 'embed_tokens');
    using model = loadCompleteModel(untied.folder);
    using expected = loadCompleteModel(saved(join(scratch, 'table-merged'), untied.random, laidOver(merged)));
    // PEFT saves the table itself as well.
    const table = new Map(tensors).set(
      'base_model.model.model.embed_tokens.base_layer.weight',
      new Map(model.namedParameters()).get('backbone.embeddings.word.weight')!,
    );
    using adapter = loadAdapter(model, writeAdapter(join(scratch, 'table'), table, config));
    expect(adapter.replacements).toEqual([]);
    const wanted = logits(expected);
    expectClose(
      withAdapter(model, adapter, () => logits(model)),
      wanted,
      { atol: 1e-4, rtol: 1e-3 },
    );
    mergeAdapter(model, adapter);
    expectClose(logits(model), wanted, { atol: 1e-4, rtol: 1e-3 });
  });

  it('that are the output layer, too, are not adapted there', () => {
    const tied = base('llama-tied', 'llama', { architectures: ['LlamaForCausalLM'], tie_word_embeddings: true });
    const { tensors, merged } = adapted(tied.random, 'embed_tokens');
    using model = loadCompleteModel(tied.folder);
    // The same with the two tables apart.
    const apart = { ...tied.random.config, tie_word_embeddings: false };
    const folder = saved(
      join(scratch, 'tied-merged'),
      tied.random,
      all => {
        all.set('lm_head.weight', all.get('model.embed_tokens.weight')!);
        laidOver(merged)(all);
      },
      apart,
    );
    using expected = loadCompleteModel(folder);
    using adapter = loadAdapter(model, writeAdapter(join(scratch, 'tied-adapter'), tensors, config));
    expectClose(
      withAdapter(model, adapter, () => logits(model)),
      logits(expected),
      { atol: 1e-4, rtol: 1e-3 },
    );
    expect(() => mergeAdapter(model, adapter)).toThrow(/'model.embed_tokens' is the output layer, too/);
    const whole = { ...config, target_modules: projections, modules_to_save: ['embed_tokens'] };
    expect(() => createAdapter(model, { peft_type: 'LORA', ...whole }, { seed: 1 })).toThrow(/output layer, too/);
  });

  it('of token types count where no types are given', () => {
    const { random, folder } = base('bert', 'bert', { architectures: ['BertForMaskedLM'] });
    const { tensors, merged } = rawAdapter(random, { tables: ['token_type_embeddings', 'position_embeddings'] });
    using model = loadCompleteModel(folder);
    using expected = loadCompleteModel(saved(join(scratch, 'types-merged'), random, laidOver(merged)));
    const target_modules = ['token_type_embeddings', 'position_embeddings'];
    using adapter = loadAdapter(model, writeAdapter(join(scratch, 'types'), tensors, { target_modules }));
    expectClose(
      withAdapter(model, adapter, () => logits(model)),
      logits(expected),
      { atol: 1e-4, rtol: 1e-3 },
    );
  });
});

describe('what comes whole with an adapter', () => {
  const labels = { architectures: ['BertForSequenceClassification'], id2label: { 0: 'A', 1: 'B', 2: 'C' } };
  const { random, folder } = base('bert-classifier', 'bert', labels);
  const draw = (shape: number[], seed: number): Tensor => withSeed(seed, () => randn(shape));
  const { tensors, merged } = rawAdapter(random, { modules: ['query'] });
  const own = new Map([
    ['classifier.weight', draw([3, 24], 1)],
    ['classifier.bias', draw([3], 2)],
    ['bert.encoder.layer.1.attention.self.query.bias', draw([24], 3)],
    ['bert.pooler.dense.bias', draw([24], 4)],
  ]);
  const target_modules = ['query'];
  const all = { target_modules, task_type: 'SEQ_CLS', modules_to_save: ['classifier', 'score'], bias: 'all' };
  const withOwn = new Map(tensors);
  for (const [key, value] of own) {
    const wrapped = key.startsWith('classifier') ? key : key.replace('.bias', '.base_layer.bias');
    withOwn.set(`base_model.model.${wrapped}`, value);
  }
  const path = writeAdapter(join(scratch, 'whole'), withOwn, all);

  it.each(['float32', 'bfloat16'] as const)('takes the place of the model’s own in %s', dtype => {
    using model = loadCompleteModel(folder, { dtype });
    const isPacked = dtype === 'bfloat16' && packForInference(model);
    const plain = logits(model);
    using expected = loadCompleteModel(
      saved(join(scratch, 'whole-merged'), random, laidOver(new Map([...merged, ...own]))),
    );
    using adapter = loadAdapter(model, path);
    const close = dtype === 'float32' ? { atol: 1e-4, rtol: 1e-3 } : { atol: 0.3, rtol: 0.1 };
    const wanted = logits(expected);
    expectClose(
      withAdapter(model, adapter, () => logits(model)),
      wanted,
      close,
    );
    expect(logits(model).equal(plain)).toBe(true);
    if (isPacked) return;
    mergeAdapter(model, adapter);
    expectClose(logits(model), wanted, close);
    unmergeAdapter(model, adapter);
    expectClose(logits(model), plain, { ...close, atol: Math.max(close.atol, 1e-4) });
  });

  it('must all be there', () => {
    using model = loadCompleteModel(folder);
    const some = new Map(withOwn);
    some.delete('base_model.model.classifier.bias');
    const incomplete = writeAdapter(join(scratch, 'incomplete'), some, all);
    expect(() => loadAdapter(model, incomplete)).toThrow(/'base_model.model.classifier.bias' is missing/);
    const none = writeAdapter(join(scratch, 'no-bias'), withOwn, { ...all, bias: 'none' });
    expect(() => loadAdapter(model, none)).toThrow(/no place for/);
  });
});

describe('a new adapter', () => {
  const config = { peft_type: 'LORA', r: 2, lora_dropout: 0.5, target_modules: 'all-linear' };

  it('changes nothing, and what it learns can be saved', () => {
    scope(() => {
      using model = loadCompleteModel(untied.folder);
      using adapter = createAdapter(
        model,
        { ...config, bias: 'lora_only', modules_to_save: ['model.norm'] },
        { seed: 1 },
      );
      const plain = logits(model);
      expect(adapter.layers).toHaveLength(14);
      expect(adapter.replacements.map(({ key }) => key)).toEqual(['model.norm.weight']);
      expect(withAdapter(model, adapter, () => logits(model)).equal(plain)).toBe(true);

      withAdapter(model, adapter, () => backward(model.forward({ inputIds: ids, labels: ids }).loss!));
      for (const { change } of adapter.layers) {
        const lora = change as Lora;
        expect(lora.up.weight.grad!.abs().sum().item()).toBeGreaterThan(0);
        expect(lora.down.weight.grad!.abs().sum().item()).toBe(0); // B is zero
      }
      expect(adapter.replacements[0].parameter.grad!.abs().sum().item()).toBeGreaterThan(0);
      expect(adapter.parameters()).toHaveLength(29);

      const folder = join(scratch, 'new');
      saveAdapter(folder, adapter);
      using again = loadAdapter(model, folder);
      for (const [i, parameter] of again.parameters().entries()) {
        expect(parameter.equal(adapter.parameters()[i])).toBe(true);
      }
    });
  });

  it('drops inputs of its first factor while the model trains', () => {
    scope(() => {
      using model = loadCompleteModel(untied.folder);
      using adapter = loadAdapter(model, adapterFolder(1, { lora_dropout: 0.5 }));
      const draw = (seed: number): Tensor => withSeed(seed, () => withAdapter(model, adapter, () => logits(model)));
      expect(draw(1).equal(draw(2))).toBe(true);
      model.train();
      expect(draw(1).equal(draw(1))).toBe(true);
      expect(draw(1).equal(draw(2))).toBe(false);
    });
  });

  it.runIf(hasProducts())('trains in mixed precision', () => {
    scope(() => {
      using model = loadCompleteModel(untied.folder);
      using adapter = loadAdapter(model, adapterFolder(1));
      const gradients = (precision: 'float32' | 'bfloat16'): Tensor[] => {
        for (const parameter of adapter.parameters()) parameter.grad = undefined;
        withAdapter(model, adapter, () =>
          autocast(precision, () => backward(model.forward({ inputIds: ids, labels: ids }).loss!)),
        );
        return adapter.parameters().map(parameter => parameter.grad!.detach().clone());
      };
      const [exact, rounded] = [gradients('float32'), gradients('bfloat16')];
      for (const [i, gradient] of rounded.entries()) {
        expect(gradient.dtype).toBe('float32');
        const [along, size] = [gradient.mul(exact[i]).sum().item(), exact[i].mul(exact[i]).sum().item()];
        expect(along / size).toBeCloseTo(1, 0);
      }
    });
  });
});

describe('refuses', () => {
  const load = (folder: string): unknown => {
    using model = loadCompleteModel(untied.folder);
    using adapter = loadAdapter(model, folder);
    return adapter;
  };

  it.each([
    [{ use_dora: true }, /lora_magnitude_vector' is missing/],
    [{ lora_bias: true }, /lora_B.bias' is missing/],
    [{ use_dora: true, lora_bias: true }, /exclude each other/],
    [{ use_qalora: true }, /'use_qalora'.*not supported/],
    [{ layer_replication: [[0, 2]] }, /'layer_replication'.*not supported/],
    [{ trainable_token_indices: [1] }, /trainable_tokens_delta' is missing/],
    [{ trainable_token_indices: [99] }, /no token 99/],
    [{ target_parameters: ['x'] }, /'target_parameters'.*not supported/],
    [{ init_lora_weights: 'loftq' }, /'init_lora_weights'.*'pissa' is the nearest/],
    [{ peft_type: 'LOKR' }, /'peft_type': 'LOKR' is not supported/],
    [{ target_modules: null }, /'target_modules'/],
    [{ use_tora: true }, /unknown key 'use_tora'/],
    [{ target_modules: ['nothing'] }, /mean no module/],
    [{ target_modules: [...projections, 'up_proj'] }, /up_proj.lora_A.weight' is missing/],
    [{ target_modules: ['q_proj'] }, /no place for '.*down_proj.lora_A.weight'/],
    [{ r: 4 }, /lora_A.weight' is \[3, 24\], the model asks for \[4, 24\]/],
  ])('%j', (config, message) => {
    expect(() => load(adapterFolder(7, config))).toThrow(message);
  });

  it('other files and other models', () => {
    expect(() => load(join(scratch, 'nowhere'))).toThrow(/adapter_config.json: no such file/);
    const folder = join(scratch, 'damaged');
    cpSync(adapterFolder(8), folder, { recursive: true });
    writeFileSync(join(folder, 'adapter_model.safetensors'), 'x');
    expect(() => load(folder)).toThrow(/adapter_model.safetensors/);
    rmSync(join(folder, 'adapter_model.safetensors'));
    expect(() => load(folder)).toThrow(/adapter_model.safetensors: no such file/);
    const bare = new Map([['q_proj.lora_A.weight', randn([3, 24])]]);
    expect(() => load(writeAdapter(join(scratch, 'bare'), bare, { target_modules: ['q_proj'] }))).toThrow(
      /none of a PEFT adapter's/,
    );
  });

  it.runIf(hasProducts())('merging into and saving from packed layers', () => {
    using model = loadCompleteModel(untied.folder, { dtype: 'bfloat16' });
    packForInference(model);
    using adapter = loadAdapter(model, adapterFolder(1));
    expect(() => mergeAdapter(model, adapter)).toThrow(/packed/);
    expect(() => saveAdapter(join(scratch, 'no'), adapter)).toThrow(/packed/);
  });
});
