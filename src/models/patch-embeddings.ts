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

/** Pixels, [batch, channels, height, width]. */
export interface PatchEmbeddingsInputs {
  pixelValues?: Tensor;
  interpolatePosEncoding?: boolean;
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
  /** Patches in a column and in a row. */
  readonly grid: readonly [number, number];

  /** @throws RangeError when a patch is larger than the image */
  constructor(options: PatchEmbeddingsOptions) {
    super();
    const { imageSize, patchSize, channels, dim, dropout } = options;
    this.options = options;
    this.grid = this.#gridOf(imageSize);
    const patches = this.grid[0] * this.grid[1];
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
   * @param inputs.pixelValues [batch, channels, height, width]
   * @param inputs.interpolatePosEncoding images may be of any size: the vectors of positions are interpolated. Default
   *   false.
   * @returns [batch, 1 + patches, dim]
   * @throws RangeError when the images are not of the configured size
   */
  forward({ pixelValues, interpolatePosEncoding: interpolate = false }: PatchEmbeddingsInputs): Tensor {
    if (!pixelValues) throw new RangeError('this model reads images: give pixelValues');
    const { imageSize, channels, dim } = this.options;
    const [batch, ...actual] = pixelValues.shape;
    const expected = [channels, ...(interpolate ? actual.slice(1) : imageSize)];
    if (actual.length !== 3 || actual.join() !== expected.join()) {
      const wanted = interpolate ? `[batch, ${channels}, height, width]` : `[batch, ${expected.join(', ')}]`;
      throw new RangeError(`pixelValues are [${pixelValues.shape.join(', ')}], the model reads ${wanted}`);
    }
    const grid = this.#gridOf([actual[1], actual[2]]);
    const flat = castWeight(this.weight).view([dim, -1]);
    const patches = linear(castInput(this.#patches(pixelValues, grid)), flat, { bias: castWeight(this.bias) });
    const first = this.classToken.expand([batch, -1, -1]);
    return this.dropout.forward(cat([first, patches.to(first.dtype)], 1).add(this.#positionsFor(grid)));
  }

  /** Patches in a column and in a row of an image; what is left at the edges is not seen. */
  #gridOf(imageSize: readonly [number, number]): readonly [number, number] {
    const { patchSize } = this.options;
    const [rows, columns] = [Math.floor(imageSize[0] / patchSize[0]), Math.floor(imageSize[1] / patchSize[1])];
    if (rows * columns > 0) return [rows, columns];
    throw new RangeError(`a patch of ${patchSize.join('×')} is larger than an image of ${imageSize.join('×')}`);
  }

  /** Every patch's pixels as one vector: [batch, patches, channels · patch height · patch width] */
  #patches(pixels: Tensor, [rows, columns]: readonly [number, number]): Tensor {
    const { patchSize, channels } = this.options;
    const [height, width] = patchSize;
    return pixels
      .narrow(2, 0, rows * height)
      .narrow(3, 0, columns * width)
      .reshape([-1, channels, rows, height, columns, width])
      .permute([0, 2, 4, 1, 3, 5])
      .reshape([-1, rows * columns, channels * height * width]);
  }

  /** [1, 1 + patches, dim]: the table, stretched like a picture to another grid (Dosovitskiy et al. 2021, 3.2) */
  #positionsFor(grid: readonly [number, number]): Tensor {
    if (grid.join() === this.grid.join()) return this.positions;
    const { dim } = this.options;
    const first = this.positions.narrow(1, 0, 1);
    const patches = this.positions.narrow(1, 1, this.count - 1);
    const picture = patches.reshape([1, ...this.grid, dim]).permute([0, 3, 1, 2]);
    const stretched = picture.upsampleBicubic2d(grid, false).permute([0, 2, 3, 1]);
    return cat([first, stretched.reshape([1, -1, dim])], 1);
  }
}
