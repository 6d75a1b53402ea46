/**
 * The random blocks of BigBird's attention, drawn by the rules of its authors' code: at the lengths 1024, 3072 and 4096
 * from the blocks of the first 1024 positions, at every other length from the first 5 + 2 · randomBlocks blocks. So a
 * block keeps its candidates when the text grows.
 */
import { usageError } from '../../support/errors.ts';
import { createRandom } from '../../support/random.ts';
import { type Device, type Tensor, tensor } from '../../torch/index.ts';

export interface RandomBlockOptions {
  /** Number of blocks of the padded sequence. */
  blocks: number;
  blockSize: number;
  /** For each query block. */
  randomBlocks: number;
  heads: number;
  seed: number;
  /** `max_position_embeddings`: at the three lengths above a few of the last blocks may repeat the window. */
  maxPositions: number;
  device: Device;
}

const LENGTHS_OF_THE_PAPER = [1024, 3072, 4096];

/** int64 [heads, blocks − 2, randomBlocks]: the key blocks that the query blocks 1 … blocks − 2 also see. */
export function drawRandomBlocks(options: RandomBlockOptions): Tensor {
  const { blocks, blockSize, randomBlocks, heads, seed, device } = options;
  const random = createRandom(seed);
  const candidates = LENGTHS_OF_THE_PAPER.includes(blocks * blockSize) ? ofThePaper(options) : ofThePlan(randomBlocks);
  const drawn = new BigInt64Array(heads * (blocks - 2) * randomBlocks);
  let at = 0;
  for (let head = 0; head < heads; head++) {
    for (let row = 1; row < blocks - 1; row++) {
      const found = candidates(row);
      if (found.length < randomBlocks) {
        throw usageError(
          'TSLM_RANDOM_BLOCKS',
          `block ${row} of ${blocks} has ${found.length} blocks to choose ${randomBlocks} random ones from`,
          'choose a smaller block_size or fewer num_random_blocks',
        );
      }
      for (const block of random.shuffle(found).slice(0, randomBlocks)) drawn[at++] = BigInt(block);
    }
  }
  return tensor(drawn, [heads, blocks - 2, randomBlocks], { device });
}

/** Neither the window nor the ends of the first 5 + 2 · randomBlocks blocks. */
function ofThePlan(randomBlocks: number): (row: number) => number[] {
  const end = 5 + 2 * randomBlocks;
  return row =>
    range(1, end - 2).filter(
      block => Math.abs(block - row) > 1 && !(row === 1 && block === end - 2) && !(row === end - 2 && block === 1),
    );
}

function ofThePaper({ blockSize, maxPositions }: RandomBlockOptions): (row: number) => number[] {
  const all = Math.floor(maxPositions / blockSize);
  const last = 1024 > 2 * blockSize ? Math.floor(1024 / blockSize) - 1 : all - 1;
  const candidates = range(1, Math.min(last, all - 2));
  // Their code does not leave out the window of the third last and second last row.
  return row => candidates.filter(block => Math.abs(block - row) > 1 || row === all - 3 || row === all - 2);
}

const range = (first: number, last: number): number[] => Array.from({ length: last - first + 1 }, (_, i) => first + i);
