/** An encoding and how it was found, in words. */
import type { EncodingDecision } from './decide.ts';

/** `gb18030, detected with confidence 1.00`; nothing for texts that are plainly UTF-8. */
export function describeDecision({ encoding, by, confidence, damaged }: EncodingDecision): string | undefined {
  if (by === 'detected') return `${encoding}, detected with confidence ${confidence!.toFixed(2)}`;
  if (damaged > 0) return `${encoding} with ${damaged} damaged ${damaged === 1 ? 'character' : 'characters'}`;
  return encoding === 'utf-8' ? undefined : encoding;
}
