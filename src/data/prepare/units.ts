/**
 * The units that repetition and near-duplicates are counted in, for any language: words where words are set apart by
 * spaces, single characters in scripts that do not (Chinese, Japanese, Thai, …). White space and punctuation separate.
 */

export const SCRIPTS = [
  'Latin', 'Han', 'Kana', 'Hangul', 'Cyrillic', 'Greek', 'Arabic', 'Hebrew', 'Devanagari', 'Thai', 'other letters',
] as const; // biome-ignore format: one list

const SEPARATOR = 0;
const DIGIT = SCRIPTS.length + 1;
const LOW_SURROGATE = SCRIPTS.length + 2;
const SCRIPT_MASK = 31;
/** Each character is a unit of its own. */
const ALONE = 32;

/** For each UTF-16 unit: 0 for separators, else 1 + the index of its script, a digit or a surrogate; perhaps `ALONE`. */
const CLASS = (() => {
  const classes = new Uint8Array(65536);
  let all = '';
  for (let c = 0; c < 0xd800; c++) all += String.fromCharCode(c);
  for (let c = 0xe000; c < 65536; c++) all += String.fromCharCode(c);
  const mark = (pattern: RegExp, value: number): void => {
    for (const match of all.matchAll(pattern)) classes[match[0].charCodeAt(0)] = value;
  };
  mark(/[\p{L}\p{M}]/gu, SCRIPTS.indexOf('other letters') + 1);
  mark(/\p{N}/gu, DIGIT);
  mark(/\p{sc=Latin}/gu, 1);
  mark(/\p{sc=Han}/gu, 2 | ALONE);
  mark(/[\p{sc=Hiragana}\p{sc=Katakana}]/gu, 3 | ALONE);
  mark(/\p{sc=Hangul}/gu, 4);
  mark(/\p{sc=Cyrillic}/gu, 5);
  mark(/\p{sc=Greek}/gu, 6);
  mark(/\p{sc=Arabic}/gu, 7);
  mark(/\p{sc=Hebrew}/gu, 8);
  mark(/\p{sc=Devanagari}/gu, 9);
  mark(/\p{sc=Thai}/gu, 10 | ALONE);
  // Beyond the basic plane each half counts as a unit; planes 2 and 3 are Han.
  classes.fill((SCRIPTS.indexOf('other letters') + 1) | ALONE, 0xd800, 0xdc00);
  classes.fill(2 | ALONE, 0xd840, 0xd890);
  classes.fill(LOW_SURROGATE | ALONE, 0xdc00, 0xe000);
  return classes;
})();

/** The units of one text after the other; the arrays are reused, so that reading a text makes no garbage. */
export class Units {
  /** Of the text read last. */
  count = 0;
  /** A 32-bit hash (FNV-1a) of each unit. */
  hashes = new Uint32Array(1 << 12);
  /** UTF-16 length of each unit. */
  lengths = new Uint32Array(1 << 12);
  /** Of these, characters that are units of their own. */
  alone = 0;
  /** Unicode code points in the text read last. */
  characters = 0;
  /** Letters of each script, over all texts that were read. */
  readonly scripts = new Float64Array(SCRIPTS.length);
  private readonly counts = new Float64Array(SCRIPT_MASK + 1);

  read(text: string): void {
    this.reserve(text.length);
    const { hashes, lengths } = this;
    const counts = this.counts;
    counts.fill(0);
    let count = 0;
    let alone = 0;
    let hash = FNV_OFFSET;
    let length = 0;
    for (let i = 0; i < text.length; i++) {
      const code = text.charCodeAt(i);
      const kind = CLASS[code];
      counts[kind & SCRIPT_MASK]++;
      if (kind !== SEPARATOR && kind < ALONE) {
        hash = Math.imul(hash ^ code, FNV_PRIME);
        length++;
        continue;
      }
      if (length > 0) {
        hashes[count] = hash;
        lengths[count++] = length;
        hash = FNV_OFFSET;
        length = 0;
      }
      if (kind >= ALONE) {
        hashes[count] = Math.imul(FNV_OFFSET ^ code, FNV_PRIME);
        lengths[count++] = 1;
        alone++;
      }
    }
    if (length > 0) {
      hashes[count] = hash;
      lengths[count++] = length;
    }
    this.count = count;
    this.alone = alone;
    this.characters = text.length - counts[LOW_SURROGATE];
    for (let script = 0; script < SCRIPTS.length; script++) this.scripts[script] += counts[script + 1];
  }

  private reserve(length: number): void {
    if (this.hashes.length >= length) return;
    const capacity = 2 ** Math.ceil(Math.log2(length));
    this.hashes = new Uint32Array(capacity);
    this.lengths = new Uint32Array(capacity);
  }
}

const FNV_OFFSET = 0x811c9dc5 | 0;
const FNV_PRIME = 0x01000193;
