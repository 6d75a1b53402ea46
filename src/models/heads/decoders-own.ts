/** The head of a decoder that has become half of an encoder–decoder: its labels belong to their own positions. */
import type { Embedding } from '../../nn/index.ts';
import { tokenLoss } from '../losses.ts';
import { type BackboneOutput, Head, type HeadOutput, type ModelInputs } from '../model.ts';

export class DecodersOwnHead extends Head {
  readonly decoder: Head;
  override readonly tiedPaths: readonly string[];

  constructor(decoder: Head) {
    super();
    this.decoder = decoder;
    this.tiedPaths = decoder.tiedPaths.map(path => `decoder.${path}`);
  }

  override get tied(): Embedding | undefined {
    return this.decoder.tied;
  }

  /** logits [batch, time, vocab]; labels int64 [batch, time], −100 is ignored */
  forward(output: BackboneOutput, { labels, rawLogits, ...inputs }: ModelInputs): HeadOutput {
    const raw = this.decoder.forward(output, { ...inputs, rawLogits: true }).logits!;
    return { logits: rawLogits ? raw : raw.to('float32'), loss: labels && tokenLoss(raw, labels) };
  }
}
