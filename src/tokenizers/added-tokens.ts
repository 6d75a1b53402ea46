/** Tokens that are found in the text before anything else happens to it. */
import { z } from 'zod';
import { AlignedText } from './aligned-text.ts';
import type { Model } from './models/model.ts';
import type { Normalizer } from './normalizers/normalizer.ts';
import { escapeRegExp, isWhiteSpace, RUST_WORD } from './unicode/unicode.ts';

export const addedTokenSchema = z.strictObject({
  id: z.int().nonnegative(),
  content: z.string(),
  /** Matches only where it is no part of a longer word. */
  single_word: z.boolean(),
  /** Takes the white space on its left with it. */
  lstrip: z.boolean(),
  /** Takes the white space on its right with it. */
  rstrip: z.boolean(),
  /** Is searched in the normalized text rather than in the text as given. */
  normalized: z.boolean(),
  /** Is left out of decoded text on request. */
  special: z.boolean(),
});
export type AddedToken = z.output<typeof addedTokenSchema>;

/** A stretch of text: an added token, or text that is still to be split. */
export interface Section {
  text: AlignedText;
  id?: number;
}

const ENDS_WITH_WORD = new RegExp(`[${RUST_WORD}]$`, 'u');
const STARTS_WITH_WORD = new RegExp(`^[${RUST_WORD}]`, 'u');

export class AddedTokens {
  readonly list: readonly AddedToken[];
  readonly #byContent = new Map<string, AddedToken>();
  /** What each id is written as in the text that a decoder sees. */
  readonly #written = new Map<number, string>();
  readonly #special = new Set<string>();
  readonly #literal: Finder | undefined;
  readonly #normalized: Finder | undefined;
  readonly #normalizer: Normalizer | undefined;

  /**
   * Tokens that the model does not know get the ids after its own, in order, whatever id the file says.
   *
   * @param options.splitSpecial special tokens are not cut out of a text. Default false
   */
  constructor(
    tokens: readonly AddedToken[],
    model: Model,
    normalizer?: Normalizer,
    { splitSpecial = false }: { splitSpecial?: boolean } = {},
  ) {
    this.#normalizer = normalizer;
    let next = model.size;
    for (const token of tokens) {
      if (token.content === '') continue;
      const known = this.#byContent.get(token.content)?.id ?? model.tokenToId(token.content);
      const id = known ?? next++;
      this.#byContent.set(token.content, { ...token, id });
      const normalized = token.normalized ? normalizer?.normalize(AlignedText.of(token.content)).text : undefined;
      this.#written.set(id, normalized ?? token.content);
      if (token.special) this.#special.add(token.content);
    }
    this.list = [...this.#byContent.values()];
    const byWritten = (wanted: boolean): Finder | undefined => {
      const found = this.list.filter(token => token.normalized === wanted && !(splitSpecial && token.special));
      return found.length > 0 ? new Finder(new Map(found.map(t => [this.#written.get(t.id)!, t]))) : undefined;
    };
    this.#literal = byWritten(false);
    this.#normalized = byWritten(true);
  }

  id(content: string): number | undefined {
    return this.#byContent.get(content)?.id;
  }

  written(id: number): string | undefined {
    return this.#written.get(id);
  }

  isSpecial(written: string): boolean {
    return this.#special.has(written);
  }

  /** Whether a token is searched in normalized text. */
  get hasNormalized(): boolean {
    return this.#normalized !== undefined;
  }

  /** Cuts out the added tokens that are searched in the text as given. */
  sections(text: string): Section[] {
    const whole = AlignedText.of(text);
    return this.#literal?.cut(whole) ?? [{ text: whole }];
  }

  /** Cuts out the added tokens and normalizes the rest. */
  extract(text: string): Section[] {
    const extracted: Section[] = [];
    for (const section of this.sections(text)) {
      if (section.text.length === 0) continue;
      if (section.id !== undefined) {
        extracted.push(section);
        continue;
      }
      const normalized = this.#normalizer?.normalize(section.text) ?? section.text;
      const cut = this.#normalized?.cut(normalized) ?? [{ text: normalized }];
      for (const piece of cut) if (piece.text.length > 0) extracted.push(piece);
    }
    return extracted;
  }
}

/** Finds the leftmost, then longest, of a set of tokens. */
class Finder {
  readonly #tokens: ReadonlyMap<string, AddedToken>;
  readonly #regex: RegExp;

  constructor(tokens: ReadonlyMap<string, AddedToken>) {
    this.#tokens = tokens;
    const longestFirst = [...tokens.keys()].sort((a, b) => b.length - a.length);
    this.#regex = new RegExp(longestFirst.map(escapeRegExp).join('|'), 'g');
  }

  /** The text in sections, or undefined when no token is in it. */
  cut(whole: AlignedText): Section[] | undefined {
    const { text } = whole;
    if (text.search(this.#regex) < 0) return undefined;
    const sections: Section[] = [];
    let done = 0;
    for (const match of text.matchAll(this.#regex)) {
      const token = this.#tokens.get(match[0])!;
      let start = match.index;
      let end = start + match[0].length;
      if (token.single_word && !standsAlone(text, start, end)) continue;
      if (token.lstrip) while (start > done && isWhiteSpace(text[start - 1])) start--;
      if (token.rstrip) while (end < text.length && isWhiteSpace(text[end])) end++;
      if (done < start) sections.push({ text: whole.slice(done, start) });
      sections.push({ text: whole.slice(start, end), id: token.id });
      done = end;
    }
    if (sections.length === 0) return undefined;
    if (done < text.length) sections.push({ text: whole.slice(done, text.length) });
    return sections;
  }
}

/** Whether the characters on both sides belong to no word. */
const standsAlone = (text: string, start: number, end: number): boolean =>
  !ENDS_WITH_WORD.test(text.slice(Math.max(0, start - 2), start)) && !STARTS_WITH_WORD.test(text.slice(end, end + 2));
