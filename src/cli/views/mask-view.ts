/** Examples on a terminal, what is learnt of them in colour; between brackets where there are no colours. */
import type { ShownExample } from '../../runs/show-mask.ts';

const [GREEN, DIM, RESET] = ['\x1b[1;32m', '\x1b[2m', '\x1b[0m'];

export function maskText({ place, name, tokens, learnt, stretches }: ShownExample, colour: boolean): string {
  const head = `${place}${name === undefined ? '' : `, ${name}`}: ${learnt} of ${tokens} tokens are learnt`;
  const text = stretches.map(({ text: of, isLearnt }) => {
    if (colour) return `${isLearnt ? GREEN : DIM}${of}${RESET}`;
    return isLearnt ? `⟦${of}⟧` : of;
  });
  return `${head}\n${text.join('').replace(/\n$/, '')}\n`;
}
