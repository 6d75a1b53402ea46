/** Repairs the characters of a text: encoding errors, Unicode form, control characters, unusual spaces and line ends. */

export interface CharacterRepairs {
  /** U+FFFD in the text: bytes that were no characters, here or in an earlier life of the text. */
  encodingErrors: number;
  unicode: boolean;
  controlCharacters: boolean;
}

/** Every character that `repairCharacters` changes; most texts have none. */
const SUSPECT =
  /[\u0000-\u0008\u000b-\u001f\u007f-\u00a0\u00ad\u1680\u2000-\u200b\u2028-\u202f\u205f\u2066-\u2069\ufeff\ufff9-\uffff]/;

const LINE_ENDS = /\r\n?|[\u000b\u000c\u0085\u2028\u2029]/g;
const SPACES = /[\u00a0\u1680\u2000-\u200a\u202f\u205f]/g;
/** Controls except tab and line feed, soft hyphens, zero-width spaces, direction overrides, marks and noncharacters. */
const CONTROL =
  /[\u0000-\u0008\u000e-\u001f\u007f-\u0084\u0086-\u009f\u00ad\u200b\u202a-\u202e\u2066-\u2069\ufeff\ufff9-\ufffb\ufffe\uffff]/g;
const REPLACEMENT = /\ufffd/g;

/**
 * Unicode NFC; line ends as line feeds; unusual spaces as plain ones (the ideographic space U+3000 stays); control
 * characters and replacement characters left out.
 *
 * @param ascii nothing outside ASCII is in the text
 */
export function repairCharacters(text: string, ascii: boolean): { text: string; repairs: CharacterRepairs } {
  const repairs: CharacterRepairs = { encodingErrors: 0, unicode: false, controlCharacters: false };
  let result = text;
  if (!ascii) {
    result = text.normalize('NFC');
    repairs.unicode = result !== text;
  }
  if (!SUSPECT.test(result)) return { text: result, repairs };
  result = result.replace(LINE_ENDS, '\n').replace(SPACES, ' ');
  const withoutControl = result.replace(CONTROL, '');
  repairs.controlCharacters = withoutControl !== result;
  const whole = withoutControl.replace(REPLACEMENT, '');
  repairs.encodingErrors = withoutControl.length - whole.length;
  return { text: whole, repairs };
}
