/**
 * LoRA (Hu et al. 2021) with what PEFT has around it: scaling by 1/√r (rsLoRA, Kalajdzievski 2023), DoRA, ranks of single modules,
 * factors that begin as a part of the weight: PiSSA (Meng et al. 2024, arXiv:2404.02948) and OLoRA (Büyükakyüz 2024).
 */
import { z } from 'zod';
import { Dora, Embedding, initNormal, initZeros, type LayerAdapter, Linear, Lora } from '../../../nn/index.ts';
import { initUniform } from '../../../nn/init.ts';
import { usageError } from '../../../support/errors.ts';
import { noGrad, scope, type Tensor } from '../../../torch/index.ts';
import { qr, svd } from '../../../torch/linalg.ts';
import { regex } from '../targets.ts';
import {
  absent,
  layerKeys,
  type Method,
  numberedKeys,
  onlyFalse,
  orientation,
  perModule,
  type Target,
} from './method.ts';

const anything = z.unknown().optional();

/** How factors that are saved were started without a change to the model's own weights. */
const plainStarts = [true, false, 'gaussian', 'eva', 'orthogonal'] as const;

export const loraSchema = z.strictObject({
  ...layerKeys,
  ...numberedKeys,
  peft_type: z.literal('LORA'),
  r: z.int().positive().default(8),
  lora_alpha: z.number().positive().default(8),
  use_rslora: z.boolean().default(false),
  use_dora: z.boolean().default(false),
  rank_pattern: perModule,
  alpha_pattern: perModule,
  lora_dropout: z.number().min(0).max(1).default(0),
  lora_bias: z.boolean().default(false),
  bias: z.enum(['none', 'all', 'lora_only']).default('none'),
  init_lora_weights: z
    .literal([...plainStarts, 'pissa', 'olora'], {
      error: `is not supported: 'pissa' is the nearest that begins with the weight, true and 'gaussian' those that do not`,
    })
    .default(true),
  /** Rows of the table of word vectors that are learnt whole, or of tables by their names. */
  trainable_token_indices: z.union([z.array(z.int().min(0)), z.record(z.string(), z.array(z.int().min(0)))]).nullish(),

  use_qalora: onlyFalse,
  ensure_weight_tying: onlyFalse,
  alora_invocation_tokens: absent,
  arrow_config: absent,
  enable_lora: absent,
  kasa_config: absent,
  layer_replication: absent,
  megatron_config: absent,
  monteclora_config: absent,
  target_parameters: z
    .null({ error: "is not supported: matrices of modules are adapted by 'target_modules'" })
    .optional(),
  use_bdlora: absent,
  velora_config: absent,

  // How an adapter was started or computed, and how the model's weights lie in memory.
  corda_config: anything,
  eva_config: anything,
  fan_in_fan_out: orientation,
  loftq_config: anything,
  lora_ga_config: anything,
  megatron_core: anything,
  merge_weights: anything,
  qalora_group_size: anything,
});

export type LoraConfig = z.output<typeof loraSchema>;

/** What the first pattern that fits says of a module: a name, the end of one, or a regular expression for either. */
function patternValue(name: string, key: 'rank_pattern' | 'alpha_pattern', config: LoraConfig): number | undefined {
  const patterns = Object.entries(config[key] ?? {});
  return patterns.find(([pattern]) => regex(`^(.*\\.)?(${pattern})$`, key).test(name))?.[1];
}

/** Rank and scale of a module's adapter: α / r, or α / √r. */
export function strengthOf(name: string, config: LoraConfig): { rank: number; scale: number; dropout: number } {
  const rank = patternValue(name, 'rank_pattern', config) ?? config.r;
  const alpha = patternValue(name, 'alpha_pattern', config) ?? config.lora_alpha;
  return { rank, scale: alpha / (config.use_rslora ? Math.sqrt(rank) : rank), dropout: config.lora_dropout };
}

function adapt({ name, layer }: Target, config: LoraConfig): LayerAdapter {
  const options = strengthOf(name, config);
  if (!config.use_dora) return new Lora(layer, { ...options, bias: config.lora_bias });
  if (layer instanceof Linear && !config.lora_bias) return new Dora(layer, options);
  throw usageError(
    'TSLM_BAD_ADAPTER',
    config.lora_bias
      ? "'use_dora' and 'lora_bias' exclude each other"
      : `'use_dora' is for linear maps, and '${name}' is a table`,
    'leave one of them out',
  );
}

/** A is random and B zero, for tables the other way round; or both are what matters most in the weight. */
function start(adapter: LayerAdapter, { name, layer }: Target, config: LoraConfig): void {
  const lora = adapter instanceof Dora ? adapter.lora : (adapter as Lora);
  const how = config.init_lora_weights;
  if (how === 'eva' || how === 'orthogonal') {
    const hint = "take true, 'gaussian', 'pissa' or 'olora'";
    throw usageError('TSLM_BAD_VALUE', `adapter: 'init_lora_weights': a new one cannot start as '${how}'`, hint);
  }
  if (how === 'pissa' || how === 'olora') {
    if (layer instanceof Embedding || adapter instanceof Dora) {
      const what = adapter instanceof Dora ? 'DoRA' : `a table ('${name}')`;
      throw usageError('TSLM_BAD_VALUE', `adapter: '${how}' does not go with ${what}`, 'take init_lora_weights: true');
    }
    startWithWeight(lora, layer, how);
    return;
  }
  const [random, zero] = layer instanceof Embedding ? [lora.up, lora.down] : [lora.down, lora.up];
  if (layer instanceof Embedding) initNormal(random.weight, 1);
  else if (how === 'gaussian') initNormal(random.weight, 1 / strengthOf(name, config).rank);
  else initUniform(random.weight, 1 / Math.sqrt(layer.weight.shape[1]));
  // PEFT leaves B as PyTorch draws a linear map where the adapter is to change something from the start.
  if (how === false && layer instanceof Linear) initUniform(zero.weight, 1 / Math.sqrt(zero.weight.shape[1]));
  else initZeros(zero.weight);
  if (lora.up.bias) initZeros(lora.up.bias);
  if (adapter instanceof Dora) scope(() => adapter.magnitude.replace(adapter.norms(layer)));
}

/** PiSSA: the r largest singular triples; OLoRA: the first r columns of Q and rows of R. */
function startWithWeight(lora: Lora, layer: Linear, how: 'pissa' | 'olora'): void {
  scope(() =>
    noGrad(() => {
      const [down, up] = partOf(layer.weight.detach().to('float32'), lora.up.inFeatures, lora.scale, how);
      lora.down.weight.replace(down.contiguous());
      lora.up.weight.replace(up.contiguous());
    }),
  );
  lora.startWithin();
}

function partOf(weight: Tensor, rank: number, scale: number, how: 'pissa' | 'olora'): [down: Tensor, up: Tensor] {
  if (how === 'olora') {
    const [q, r] = qr(weight);
    return [r.narrow(0, 0, rank), q.narrow(1, 0, rank)];
  }
  const [u, s, vh] = svd(weight);
  const root = s.narrow(0, 0, rank).div(scale).sqrt();
  return [vh.narrow(0, 0, rank).mul(root.unsqueeze(1)), u.narrow(1, 0, rank).mul(root)];
}

export const lora: Method<LoraConfig> = {
  schema: loraSchema,
  adapt,
  start,
  complete: config => ({ target_modules: 'all-linear', ...config }),
};
