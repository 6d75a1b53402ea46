/** Which layers see everything before, and which a sliding window of it (Beltagy et al. 2020): `layer_types`. */
import { z } from 'zod';

const layerType = z.enum(['full_attention', 'sliding_attention']);
export type LayerType = z.output<typeof layerType>;

/** The keys of config.json. */
export const layerTypesConfig = (window: number | null) => ({
  sliding_window: z.int().positive().nullable().default(window),
  layer_types: z.array(layerType).nullish(),
});

interface LayerTypesConfig {
  num_hidden_layers: number;
  sliding_window: number | null;
  layer_types?: readonly LayerType[] | null;
}

/**
 * The type of each layer, and its window.
 *
 * @param isSliding of a layer where config.json does not say
 * @throws RangeError when there are more or fewer types than layers, or no window for those that need one
 */
export function layerTypes(c: LayerTypesConfig, isSliding: (index: number) => boolean) {
  const { num_hidden_layers: layers, sliding_window: window, layer_types: given } = c;
  if (given && given.length !== layers) {
    throw new RangeError(`layer_types must have ${layers} entries, one a layer, and has ${given.length}`);
  }
  return Array.from({ length: layers }, (_, index) => {
    const type: LayerType = given?.[index] ?? (isSliding(index) ? 'sliding_attention' : 'full_attention');
    if (type === 'full_attention') return { type, window: undefined };
    if (window === null) throw new RangeError(`layer ${index} has sliding attention, but there is no sliding_window`);
    return { type, window };
  });
}
