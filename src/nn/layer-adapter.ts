/**
 * What an adapter does to one layer: how the layer's result is made while the adapter is in use, and what the layer's own
 * weights become when it is merged. The layer's weights stay as they are, so that one model serves with many adapters.
 */
import type { Tensor } from '../torch/index.ts';
import type { Module, Parameter } from './module.ts';

/** A layer as its adapter sees it: a linear map [..., in] → [..., out], or a table of vectors, ids [...] → [..., dim]. */
export interface AdaptedLayer {
  /** [out, in], of a table [count, dim] */
  readonly weight: Parameter;
  readonly bias?: Parameter;
  readonly training: boolean;
  /** What the layer computes without an adapter; `residual`, float32 of the result's shape, is added. */
  own(x: Tensor, residual?: Tensor): Tensor;
}

/** A parameter of an adapter, by the end of the name that PEFT's files have for it. */
export interface AdapterParameter {
  /** `lora_A.weight` */
  name: string;
  parameter: Parameter;
  /** Files hold the transpose. */
  transpose?: boolean;
}

/** No module: the parameters are not the layer's own. */
export interface LayerAdapter {
  /** The layer's result, `residual` added. */
  forward(x: Tensor, layer: AdaptedLayer, residual?: Tensor): Tensor;
  /**
   * Scores of a table that is the output layer, too: what the table alone gives for x, changed where the adapter reaches there.
   * Absent: it does not.
   */
  project?(scores: Tensor, x: Tensor): Tensor;
  /** In the order of PEFT's files. */
  parameters(): AdapterParameter[];
  /**
   * The weight that makes the layer alone give the adapted result.
   *
   * @param weight the layer's own, in float32; undefined where no weight does that
   */
  merged?(weight: Tensor): Tensor;
  /** The bias that goes with it; default the layer's own. */
  mergedBias?(bias: Tensor): Tensor;
  /** Lays its maps out for products alone, as the layer's weight is (`Linear.pack`): it will not be trained. */
  pack?(layer: AdaptedLayer): void;
  dispose(): void;
}

/** A result and what is added to it, in float32 where the residual is. */
export const plus = (y: Tensor, residual: Tensor | undefined): Tensor => (residual ? residual.add(y) : y);

/** The parameters of the adapter in use that act inside a module. */
export const adapterParameters = (module: Module): Parameter[] =>
  Array.from(module.namedModules(), ([, part]) => (part as { adapter?: LayerAdapter }).adapter)
    .filter(adapter => adapter !== undefined)
    .flatMap(adapter => adapter.parameters().map(({ parameter }) => parameter));
