/**
 * Which pipelines treat a text chunk by chunk: where a space stands between two visible ASCII characters, what comes before it
 * and what comes from it on can be normalized and split apart.
 */
import { AlignedText } from '../aligned-text.ts';
import type { Normalizer } from '../normalizers/normalizer.ts';

type Component = { type?: unknown; [key: string]: unknown } | null | undefined;

const LOCAL_NORMALIZERS = /^(?:BertNormalizer|Lowercase|NF(?:K)?[CD]|Nmt|Precompiled|StripAccents)$/;
const SPACE_SPLITTERS = /^(?:BertPreTokenizer|Whitespace|WhitespaceSplit)$/;
/** What sees each of the pieces before it by itself. */
const LOCAL_SPLITTERS = /^(?:BertPreTokenizer|Digits|Punctuation|Split|Whitespace|WhitespaceSplit)$/;

/**
 * Where a text can be cut: at a single space; at any run of spaces and line feeds because white space is dropped; there
 * and around Chinese characters because spaces are put around them.
 */
export type Cut = 'space' | 'run' | 'ideograph';

/** Where such a pipeline can be cut, after the JSON of its parts and by trial; undefined where it cannot. */
export function cutOf(normalizerJson: unknown, preTokenizer: unknown, normalizer?: Normalizer): Cut | undefined {
  if (!isLocalNormalizer(normalizerJson as Component) || !keepsWords(normalizer)) return undefined;
  const cut = cutOfPreTokenizer(preTokenizer as Component);
  const { type, handle_chinese_chars: isolates } = (normalizerJson as Component) ?? {};
  return cut === 'run' && type === 'BertNormalizer' && isolates === true ? 'ideograph' : cut;
}

function isLocalNormalizer(json: Component): boolean {
  if (json == null) return true;
  if (json.type === 'Sequence') return (json.normalizers as Component[]).every(isLocalNormalizer);
  if (json.type !== 'Replace') return LOCAL_NORMALIZERS.test(String(json.type));
  const pattern = json.pattern as { String?: string; Regex?: string };
  // A single space is no part of a match.
  return pattern.String === undefined ? pattern.Regex === ' {2,}' : !pattern.String.includes(' ');
}

/** Tables of replacements could do anything; spaces must stay what they are, and no other character become one. */
function keepsWords(normalizer: Normalizer | undefined): boolean {
  if (!normalizer) return true;
  const normalize = (text: string): string => normalizer.normalize(AlignedText.of(text)).text;
  const visible = Array.from({ length: 0x7f - FIRST_VISIBLE }, (_, i) => String.fromCharCode(FIRST_VISIBLE + i));
  return normalize('a b') === 'a b' && visible.every(char => /^\P{White_Space}+$/u.test(normalize(char)));
}

function cutOfPreTokenizer(json: Component): 'space' | 'run' | undefined {
  const [first, ...others] = json?.type === 'Sequence' ? (json.pretokenizers as Component[]) : [json];
  const isMetaspace = (part: Component): boolean =>
    part?.type === 'Metaspace' && part.split !== false && part.prepend_scheme !== 'first';
  if (!others.every(part => LOCAL_SPLITTERS.test(String(part?.type)) || isMetaspace(part))) return undefined;
  if (SPACE_SPLITTERS.test(String(first?.type))) return 'run';
  return isMetaspace(first) ? 'space' : undefined;
}

const FIRST_VISIBLE = 0x21;
const isVisible = (unit: number): boolean => unit >= FIRST_VISIBLE && unit < 0x7f;

const SPACE = 0x20;
const LINE_FEED = 0x0a;

/** The end of the chunk that begins at `start`: where the text can be cut next, or `end`. */
export function chunkEnd(units: Uint16Array, start: number, end: number, cut: Cut): number {
  let at = start;
  // A chunk begins with the white space that it was cut at.
  while (at < end && (units[at] === SPACE || units[at] === LINE_FEED)) at++;
  for (at++; at + 1 < end; at++) {
    if (units[at] !== SPACE && units[at] !== LINE_FEED) {
      if (cut === 'ideograph' && touchesIdeograph(units, at, end)) return at;
      continue;
    }
    let next = at + 1;
    if (cut !== 'space') while (next < end && (units[next] === SPACE || units[next] === LINE_FEED)) next++;
    else if (units[at] === LINE_FEED) continue;
    if (next < end && isVisible(units[at - 1]) && isVisible(units[next])) {
      // A mark behind the next character would change it.
      if (next + 1 >= end || units[next + 1] < 0x80) return at;
    }
    at = next - 1;
  }
  return end;
}

const isIdeograph = (unit: number): boolean => unit >= 0x4e00 && unit <= 0x9fff;

/** Characters that normalization neither removes nor joins with others: also the punctuation of Chinese. */
const isPlain = (unit: number): boolean =>
  isVisible(unit) || isIdeograph(unit) || (unit >= 0x3001 && unit <= 0x3029) || (unit >= 0xff01 && unit <= 0xff60);

/** Whether a Chinese character ends or begins at `at`, and nothing near could change that. */
const touchesIdeograph = (units: Uint16Array, at: number, end: number): boolean =>
  (isIdeograph(units[at]) || isIdeograph(units[at - 1])) &&
  isPlain(units[at]) &&
  isPlain(units[at - 1]) &&
  (at + 1 >= end || units[at + 1] < 0x80 || isPlain(units[at + 1]));
