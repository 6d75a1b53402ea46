/**
 * Fresh weights of ModernBERT (Warner et al. 2024, A.1): normal distributions without their tails, narrower where a part
 * adds to the residual stream, the more layers there are (Radford et al. 2019).
 */
import { Embedding, Linear } from '../../../nn/index.ts';
import { initTruncatedNormal } from '../../../nn/init.ts';
import { initializeNormal, type Model } from '../../model.ts';
import { config } from './network.ts';

/** Where nothing says how far from 0 they may be. */
const CUTOFF = 3;

export function initialize(model: Model): void {
  const c = config.parse(model.config);
  const { initializer_range: std, initializer_cutoff_factor: cutoff } = c;
  initializeNormal(model, std); // norms and biases
  const adds = std / Math.sqrt(2 * c.num_hidden_layers);
  for (const [path, part] of model.namedModules()) {
    if (!(part instanceof Linear || part instanceof Embedding)) continue;
    const isScorer = path === 'head.classifier' || path === 'head.span';
    const isNarrow = path.endsWith('.output') || path.startsWith('head.');
    initTruncatedNormal(part.weight, isScorer ? c.hidden_size ** -0.5 : isNarrow ? adds : std, cutoff ?? CUTOFF);
  }
}
