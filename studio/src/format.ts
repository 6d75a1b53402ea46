/** Numbers as people read them, beyond `src/support/format.ts`. */
export { formatBytes, formatCount, formatDuration } from '../../src/support/format.ts';

const MINUS = '−';

/** Four digits, powers of ten for the very small, `12.3k` for the large; a dash for nothing. */
export function formatNumber(value: number | null | undefined): string {
  if (value === null || value === undefined) return '–';
  if (!Number.isFinite(value)) return String(value).replace('-', MINUS);
  const size = Math.abs(value);
  if (size !== 0 && size < 1e-3)
    return value
      .toExponential(2)
      .replace(/\.?0+e/, 'e')
      .replaceAll('-', MINUS);
  if (size >= 1e4) {
    const compact = new Intl.NumberFormat('en', { notation: 'compact', maximumSignificantDigits: 3 });
    return compact.format(value).replace('K', 'k').replace('-', MINUS);
  }
  return String(Number(value.toPrecision(4))).replace('-', MINUS);
}

/** Three places, so that a column of them is one. */
export const formatLoss = (loss: number | undefined): string =>
  loss === undefined || !Number.isFinite(loss) ? formatNumber(loss) : loss.toFixed(3);

export const formatInteger = (value: number): string => value.toLocaleString('en-US', { maximumFractionDigits: 0 });

/** `93.1 %`; what is not nothing never reads as zero. */
export function formatPercent(probability: number): string {
  const percent = 100 * probability;
  if (percent > 0 && percent < 0.01) return '< 0.01 %';
  return `${percent.toFixed(percent >= 99.95 || percent === 0 ? 0 : percent < 1 ? 2 : 1)} %`;
}

/** Day and minute of an ISO 8601 date, as readers of a language write it. */
export const formatDate = (date: string, language: 'en' | 'zh'): string =>
  new Date(date).toLocaleString(language === 'en' ? 'en-GB' : 'zh-CN', { dateStyle: 'medium', timeStyle: 'short' });

/** Spaces and line ends made visible, for a token that stands alone. */
export const showSpace = (text: string): string =>
  text === ''
    ? '∅'
    : text
        .replaceAll('\n', '⏎')
        .replaceAll('\t', '⇥')
        .replace(/^ +| +$/g, spaces => '·'.repeat(spaces.length));
