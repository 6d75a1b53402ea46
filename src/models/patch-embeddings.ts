/** What an image becomes before the first layer (Dosovitskiy et al. 2021, 3.1): a vector for each of its patches. */
import { Dropout, emptyParameter, Module, type Parameter } from '../nn/index.ts';
import { castInput, castWeight } from '../torch/autocast.ts';
import { cat, linear, type Tensor } from '../torch/index.ts';

export interface PatchEmbeddingsOptions {
  /** Height and width of images. */
  imageSize: readonly [number, number];
  /** Height and width of a patch. */
  patchSize: readonly [number, number];
  channels: number;
  /** Width of the model. */
  dim: number;
  dropout: number;
}

export class PatchEmbeddings extends Module {
  /** [dim, channels, patch height, patch width]: a convolution that moves on by whole patches */
  readonly weight: Parameter;
  /** [dim] */
  readonly bias: Parameter;
  /** [1, 1, dim]: stands before the patches, and for the whole image after the last layer */
  readonly classToken: Parameter;
  /** [1, 1 + patches, dim] */
  readonly positions: Parameter;
  readonly dropout: Dropout;
  readonly options: PatchEmbeddingsOptions;
  /** Patches in a column and in a row; what is left at the edges is not seen. */
  readonly grid: readonly [number, number];

  /** @throws RangeError when a patch is larger than the image */
  constructor(options: PatchEmbeddingsOptions) {
    super();
    const { imageSize, patchSize, channels, dim, dropout } = options;
    this.options = options;
    this.grid = [Math.floor(imageSize[0] / patchSize[0]), Math.floor(imageSize[1] / patchSize[1])];
    const patches = this.grid[0] * this.grid[1];
    if (patches === 0) throw new RangeError(`a patch of ${patchSize.join('×')} is larger than ${imageSize.join('×')}`);
    this.weight = emptyParameter([dim, channels, ...patchSize]);
    this.bias = emptyParameter([dim]);
    this.classToken = emptyParameter([1, 1, dim]);
    this.positions = emptyParameter([1, 1 + patches, dim]);
    this.dropout = new Dropout(dropout);
  }

  /** Positions that the layers see: the patches, and the one before them. */
  get count(): number {
    return this.positions.size(1);
  }

  /**
   * @param pixelValues [batch, channels, height, width]
   * @returns [batch, 1 + patches, dim]
   * @throws RangeError when the images are not of the configured size
   */
  forward({ pixelValues }: { pixelValues?: Tensor }): Tensor {
    if (!pixelValues) throw new RangeError('this model reads images: give pixelValues');
    const { imageSize, channels, dim } = this.options;
    const expected = [channels, ...imageSize];
    if (pixelValues.shape.slice(1).join() !== expected.join()) {
      const actual = pixelValues.shape.join(', ');
      throw new RangeError(`pixelValues are [${actual}], the model reads [batch, ${expected.join(', ')}]`);
    }
    const batch = pixelValues.size(0);
    const flat = castWeight(this.weight).view([dim, -1]);
    const patches = linear(castInput(this.#patches(pixelValues)), flat, { bias: castWeight(this.bias) });
    const first = this.classToken.expand([batch, -1, -1]);
    return this.dropout.forward(cat([first, patches.to(first.dtype)], 1).add(this.positions));
  }

  /** Every patch's pixels as one vector: [batch, patches, channels · patch height · patch width] */
  #patches(pixels: Tensor): Tensor {
    const { patchSize, channels } = this.options;
    const [rows, columns] = this.grid;
    const [height, width] = patchSize;
    return pixels
      .narrow(2, 0, rows * height)
      .narrow(3, 0, columns * width)
      .reshape([-1, channels, rows, height, columns, width])
      .permute([0, 2, 4, 1, 3, 5])
      .reshape([-1, rows * columns, channels * height * width]);
  }
}
