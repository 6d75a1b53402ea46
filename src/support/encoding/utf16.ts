/** UTF-16 without a byte order mark, told by what texts are made of. */

/** White space and Chinese punctuation, one of which every text holds. */
const FREQUENT = /[ \n，。、]/;
/** What texts do not hold: controls, halves of characters, code points that nothing is assigned to. */
const FOREIGN = /[\u0000-\u0008\u000e-\u001a\u001c-\u001f\u007f-\u009f\p{Cn}\p{Cs}\p{Co}\ufffd]/gu;
/** The share of such that a text may have, for characters of private use do occur. */
const TOLERATED = 0.001;
/** Shorter texts could be many things. */
const MIN_BYTES = 16;

/** Which of the two byte orders the bytes are a text in, where they are one in exactly one of them. */
export function utf16Of(head: Uint8Array): 'utf-16le' | 'utf-16be' | undefined {
  if (head.length < MIN_BYTES) return undefined;
  const even = head.subarray(0, head.length & ~1);
  const fits = (['utf-16le', 'utf-16be'] as const).filter(encoding => {
    const text = new TextDecoder(encoding).decode(even).replace(/[\ud800-\udbff\ufffd]$/, '');
    return FREQUENT.test(text) && (text.match(FOREIGN)?.length ?? 0) <= text.length * TOLERATED;
  });
  return fits.length === 1 ? fits[0] : undefined;
}
