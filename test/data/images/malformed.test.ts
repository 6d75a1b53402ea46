/** Images that were damaged at random: each has pixels, or is refused with a code. */
import sharp from 'sharp';
import { it } from 'vitest';
import { decodeImage } from '../../../src/data/images/decode.ts';
import { damage, expectBoth } from '../../helpers/damage.ts';
import { pngOf, randomImage } from '../../helpers/images.ts';

const raw = sharp(randomImage(37, 23, 1).pixels, { raw: { width: 37, height: 23, channels: 3 } });

it.each(['png', 'jpeg', 'webp', 'gif'] as const)('%s', { timeout: 1_800_000 }, async format => {
  const original = format === 'png' ? pngOf(randomImage(37, 23, 1)) : await raw.clone().toFormat(format).toBuffer();
  const outcome = await damage(original, { read: bytes => decodeImage(bytes) });
  expectBoth(outcome);
});
