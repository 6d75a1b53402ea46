/** What each layer would say next at each position, were it the last (logit lens, nostalgebraist 2020). */

export interface LayerPredictions {
  tokens: string[];
  /** [layer][position]; layer 0 is the embeddings. */
  layers: { token: string; id: number; probability: number }[][][];
}
