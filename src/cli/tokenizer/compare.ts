/** What `tslm tokenizer compare` prints: how tokenizers fare on a whole text and on each of its scripts. */
import { basename } from 'node:path';
import { formatCount } from '../../support/format.ts';
import type { ScriptScore, TokenizerScore } from '../../tokenizers/compare.ts';

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

const SCRIPT_HEADINGS = ['tokens', 'a character', 'a word', 'coverage', 'unknown', 'vocabulary'];

/** The lines of a table of the whole text, and of one of its scripts. */
export function comparisonTables(names: readonly string[], scores: readonly TokenizerScore[]): string[] {
  const whole = [['', ...names], ...MEASURES.map(([name, value]) => [name, ...scores.map(value)])];
  const scripts = [...new Set(scores.flatMap(score => Object.keys(score.scripts)))]
    .map(script => [script, Math.max(...scores.map(score => score.scripts[script]?.tokens ?? 0))] as const)
    .filter(([, tokens]) => tokens > 0)
    .sort(([, a], [, b]) => b - a)
    .slice(0, SHOWN_SCRIPTS);
  const byScript = scripts.flatMap(([script]) => [
    [script],
    ...scores.map((score, i) => [`  ${names[i]}`, ...scriptCells(score.scripts[script] ?? NOTHING)]),
  ]);
  return [...aligned(whole), '', ...aligned([['by script', ...SCRIPT_HEADINGS], ...byScript])];
}

const NOTHING: ScriptScore = { vocabulary: 0, characters: 0, words: 0, tokens: 0, unknown: 0, uncovered: 0 };

const scriptCells = ({ tokens, characters, words, uncovered, unknown, vocabulary }: ScriptScore): string[] => [
  formatCount(tokens),
  characters > 0 ? (tokens / characters).toFixed(3) : '–',
  words > 0 ? (tokens / words).toFixed(2) : '–',
  characters > 0 ? percent(1 - uncovered / characters) : '–',
  String(unknown),
  String(vocabulary),
];

/** The first column to the left, numbers to the right. */
function aligned(rows: readonly string[][]): string[] {
  const widths = rows[0].map((_, column) => Math.max(...rows.map(row => row[column]?.length ?? 0)));
  return rows
    .map(row =>
      row.map((cell, column) => (column === 0 ? cell.padEnd(widths[0]) : cell.padStart(widths[column]))).join('  '),
    )
    .map(line => line.trimEnd());
}

/** The last part of each path, or whole paths where that would not tell them apart. */
export function shortNames(paths: readonly string[]): string[] {
  const names = paths.map(path => basename(path.replace(/[\\/]tokenizer\.json$/, '')));
  return new Set(names).size === names.length ? names : [...paths];
}

/** Whether to write colours: to a terminal, unless NO_COLOR is set to anything. */
export const wantsColour = (stream: { isTTY?: boolean } = process.stdout, env = process.env): boolean =>
  Boolean(stream.isTTY) && !env.NO_COLOR && env.TERM !== 'dumb';
