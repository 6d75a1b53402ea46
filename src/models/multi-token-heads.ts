/**
 * Heads for tokens further ahead (Gloeckle et al. 2024, arXiv:2404.19737): the trunk is all blocks of a decoder but the last
 * one, which belongs to the next token; each token after that has a last block of its own. Final norm and output layer are
 * the model's. They lie in a file of their own, under the names that further blocks of the model would have: without it the
 * folder is that of the plain model.
 */
import { join } from 'node:path';
import { KVCache, Module } from '../nn/index.ts';
import { UserError, usageError } from '../support/errors.ts';
import { loadSafetensors, noGrad, recompute, saveSafetensors, scope, type Tensor } from '../torch/index.ts';
import { ownKeyOf } from './checkpoint/keys.ts';
import { Decoder } from './decoder.ts';
import { LMHead } from './heads/lm.ts';
import type { Model } from './model.ts';
import { packLinears } from './pack-for-inference.ts';
import { Stack } from './stack.ts';

/** The file of the heads in a folder of their own. */
export const HEADS_FILE = 'multi_token_heads.safetensors';

export interface TrunkInputs {
  /** int64 [batch, time]: where the document of each position begins, where several share a window */
  documentStarts?: Tensor;
}

export class MultiTokenHeads extends Module {
  /** The first one is for the token after the next. */
  readonly blocks: Stack[];
  readonly #model: Model;
  readonly #decoder: Decoder;

  /**
   * The weights are undefined until `copyLast` or a file fills them.
   *
   * @param count tokens after the next one
   * @throws UserError for a model that is no decoder
   */
  constructor(model: Model, count: number) {
    super();
    const { backbone, head, family } = model;
    if (!(backbone instanceof Decoder) || !(head instanceof LMHead)) {
      throw usageError(
        'TSLM_NOT_CAUSAL',
        `tokens further ahead are predicted by decoders, and this is a ${family.modelType} model (${model.task})`,
        'use a decoder with a language-model head: gpt2, llama, qwen3 …',
      );
    }
    this.#model = model;
    this.#decoder = backbone;
    const { layers, alibi } = backbone.options;
    this.blocks = Array.from({ length: count }, () => new Stack({ layers: layers.slice(-1), causal: true, alibi }));
    this.to({ device: model.device, dtype: model.parameters()[0].dtype });
  }

  /** Each block begins as the model's last one, however that was drawn or trained. */
  copyLast(): this {
    const last = this.#decoder.stack.layers.at(-1)!;
    for (const { layers } of this.blocks) {
      const own = new Map(layers[0].namedParameters());
      scope(() =>
        noGrad(() => {
          for (const [path, parameter] of last.namedParameters()) own.get(path)!.copy_(parameter);
        }),
      );
    }
    return this;
  }

  /** How many tokens are predicted at once, the next one included. */
  get tokens(): number {
    return this.blocks.length + 1;
  }

  /**
   * The final hidden states of one block.
   *
   * @param trunk [batch, time, hidden]: what goes into the model's last block
   */
  states(block: Stack, trunk: Tensor, inputs: TrunkInputs & { cache?: KVCache } = {}): Tensor {
    const x = block.forward(trunk, inputs).lastHiddenState;
    const { norm, dropout } = this.#decoder.stack;
    return dropout.forward(norm?.forward(x) ?? x);
  }

  /**
   * Mean cross-entropy of the token `block + 2` places on. Neither logits nor activations of the block are kept for the
   * backward pass: one block's at a time are made again, so that memory does not grow with the number of heads.
   *
   * @param trunk [batch, time, hidden]
   * @param targets int64 [batch, time], −100 is ignored
   */
  loss(index: number, trunk: Tensor, targets: Tensor, inputs: TrunkInputs = {}): Tensor {
    const block = this.blocks[index];
    const { norm } = this.#decoder.stack;
    const head = this.#head;
    const used = [block, norm, head, head.tied].flatMap(part => part?.parameters() ?? []);
    return recompute(
      given => head.loss(this.states(block, given.trunk, { documentStarts: given.documentStarts }), given.targets),
      { trunk, targets, documentStarts: inputs.documentStarts },
      { parameters: used.filter(({ requiresGrad }) => requiresGrad) },
    );
  }

  /** [batch, time, hidden] → [batch, time, vocab] */
  scores(states: Tensor): Tensor {
    return this.#head.scores(states);
  }

  get #head(): LMHead {
    return this.#model.head as LMHead;
  }

  /** A cache for each block. */
  caches(capacity: number): KVCache[] {
    return this.blocks.map(() => new KVCache(1, capacity));
  }

  /** What the file calls a parameter, and whether it has it transposed: a block more of the model. */
  keyOf(path: string): ReturnType<typeof ownKeyOf> {
    const [, block, rest] = /^blocks\.(\d+)\.layers\.0\.(.*)$/.exec(path)!;
    const layer = this.#decoder.stack.layers.length + Number(block);
    return ownKeyOf(`backbone.stack.layers.${layer}.${rest}`, this.#model);
  }

  save(folder: string): void {
    scope(() => {
      const tensors = Array.from(this.namedParameters(), ([path, parameter]) => {
        const { key, transpose } = this.keyOf(path);
        return [key, transpose ? parameter.detach().t().contiguous() : parameter.detach()] as const;
      });
      saveSafetensors(join(folder, HEADS_FILE), new Map(tensors));
    });
  }

  /** @throws UserError when the heads in the folder are others */
  load(folder: string): this {
    const path = join(folder, HEADS_FILE);
    scope(() =>
      noGrad(() => {
        const tensors = loadSafetensors(path);
        const places = Array.from(this.namedParameters(), ([name, parameter]) => ({ parameter, ...this.keyOf(name) }));
        for (const { parameter, key, transpose } of places) {
          const stored = tensors.get(key);
          const shape = transpose ? [...parameter.shape].reverse() : parameter.shape;
          if (stored?.shape.join() !== shape.join() || tensors.size !== places.length) {
            throw new UserError('TSLM_SHAPE_MISMATCH', `${path}: these are not the heads of such a model (${key})`, {
              hint: 'heads belong to the model that they were trained with, whose folder they lie in',
            });
          }
          parameter.copy_(transpose ? stored.t() : stored);
        }
      }),
    );
    return this;
  }
}

/**
 * The heads in a folder, for use and not for training: where the model's weights are packed, theirs are, too.
 *
 * @throws UserError when there are none, or they belong to another model
 */
export function loadMultiTokenHeads(folder: string, model: Model): MultiTokenHeads {
  const tensors = scope(() => loadSafetensors(join(folder, HEADS_FILE)).size);
  using one = new MultiTokenHeads(model, 1);
  const count = Math.max(1, Math.floor(tensors / one.parameters().length));
  const heads = new MultiTokenHeads(model, count).load(folder).eval();
  packLinears(heads);
  return heads;
}
