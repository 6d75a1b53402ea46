/** What `tslm tokenizer compare` prints: a table with a column for each tokenizer, and how each cuts a text. */
import { formatCount } from '../support/format.ts';
import type { Segment, TokenizerScore } from '../tokenizers/compare.ts';

const percent = (share: number): string => `${(100 * share).toFixed(share > 0.999 && share < 1 ? 3 : 1)}%`;

const MEASURES: [name: string, value: (score: TokenizerScore) => string][] = [
  ['vocabulary', score => String(score.vocabSize)],
  ['used', score => `${score.used} (${percent(score.used / score.vocabSize)})`],
  ['tokens', score => formatCount(score.tokens)],
  ['tokens a character', score => score.tokensPerCharacter.toFixed(3)],
  ['tokens a word', score => score.tokensPerWord.toFixed(2)],
  ['bytes a token', score => score.bytesPerToken.toFixed(2)],
  ['coverage', score => percent(score.coverage)],
  ['unknown', score => String(score.unknown)],
  ['fallback bytes', score => String(score.fallbackBytes)],
];

/** Scripts that are shown. */
const SHOWN_SCRIPTS = 8;

/** The lines of the table. */
export function comparisonTable(names: readonly string[], scores: readonly TokenizerScore[]): string[] {
  const scripts = [...new Set(scores.flatMap(score => Object.keys(score.scripts)))]
    .map(script => [script, Math.max(...scores.map(score => score.scripts[script]?.tokens ?? 0))] as const)
    .filter(([, tokens]) => tokens > 0)
    .sort(([, a], [, b]) => b - a)
    .slice(0, SHOWN_SCRIPTS)
    .map(([script]) => script);
  const rows = [
    ['', ...names],
    ...MEASURES.map(([name, value]) => [name, ...scores.map(value)]),
    ['by script: tokens, tokens a character, entries of the vocabulary'],
    ...scripts.map(script => [
      `  ${script}`,
      ...scores.map(score => {
        const { tokens, characters, vocabulary } = score.scripts[script] ?? { tokens: 0, characters: 0, vocabulary: 0 };
        const rate = characters > 0 ? (tokens / characters).toFixed(3) : '–';
        return `${formatCount(tokens)}  ${rate}  ${vocabulary}`;
      }),
    ]),
  ];
  const widths = rows[0].map((_, column) =>
    Math.max(...rows.filter(row => row.length > 1).map(row => row[column].length)),
  );
  return rows.map(row =>
    row
      .map((cell, column) => cell.padEnd(widths[column]))
      .join('  ')
      .trimEnd(),
  );
}

/** Backgrounds that take turns, and one for what is unknown; black text on each. */
const BACKGROUNDS = [153, 223, 157, 225];
const UNKNOWN_BACKGROUND = 203;

const visible = (text: string): string => text.replaceAll(' ', '␣').replaceAll('\n', '⏎').replaceAll('\t', '⇥');

/** Tokens side by side: in colours, or with bars between them and brackets around what is unknown. */
export function renderSegments(segments: readonly Segment[], colour: boolean): string {
  // Of several tokens of one character, all but the first have no text of their own.
  const shown = segments.map(({ text, unknown }) => ({ text: visible(text) || '·', unknown }));
  if (!colour) return shown.map(({ text, unknown }) => (unknown ? `[${text}]` : text)).join('|');
  return shown
    .map(({ text, unknown }, i) => {
      const background = unknown ? UNKNOWN_BACKGROUND : BACKGROUNDS[i % BACKGROUNDS.length];
      return `\x1b[30;48;5;${background}m${text}\x1b[0m`;
    })
    .join('');
}

/** Whether to write colours: to a terminal, unless NO_COLOR is set to anything. */
export const wantsColour = (stream: { isTTY?: boolean } = process.stdout, env = process.env): boolean =>
  Boolean(stream.isTTY) && !env.NO_COLOR && env.TERM !== 'dumb';
