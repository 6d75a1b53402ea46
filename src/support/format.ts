/** Numbers as people read them. */

/** `1.2 kB`, `34 MB`: powers of 1000. */
export function formatBytes(bytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  let unit = 0;
  while (Math.abs(bytes) >= 999.5 && unit < units.length - 1) {
    bytes /= 1000;
    unit++;
  }
  return `${unit === 0 || bytes >= 99.95 ? bytes.toFixed(0) : bytes.toFixed(1)} ${units[unit]}`;
}

/** `950`, `12.3k`, `4.5M`. */
export function formatCount(n: number): string {
  if (Math.abs(n) < 1000) return Number.isInteger(n) ? String(n) : n.toFixed(1);
  const units = ['k', 'M', 'G', 'T'];
  let unit = -1;
  while (Math.abs(n) >= 999.5 && unit < units.length - 1) {
    n /= 1000;
    unit++;
  }
  return `${n >= 99.95 ? n.toFixed(0) : n.toFixed(1)}${units[unit]}`;
}

/** `4.2s`, `3m05s`, `2h07m`. */
export function formatDuration(seconds: number): string {
  if (!Number.isFinite(seconds)) return '–';
  if (seconds < 9.95) return `${seconds.toFixed(1)}s`;
  const s = Math.round(seconds);
  if (s < 60) return `${s}s`;
  if (s < 3600) return `${Math.floor(s / 60)}m${String(s % 60).padStart(2, '0')}s`;
  return `${Math.floor(s / 3600)}h${String(Math.floor((s % 3600) / 60)).padStart(2, '0')}m`;
}

const BARS = '▁▂▃▄▅▆▇█';

/** A curve in one line of text, resampled to `width` characters. */
export function sparkline(values: readonly number[], width = 20): string {
  const finite = values.filter(Number.isFinite);
  if (finite.length === 0) return '';
  const columns = Math.min(width, finite.length);
  const means = Array.from({ length: columns }, (_, i) => {
    const part = finite.slice(
      Math.floor((i * finite.length) / columns),
      Math.floor(((i + 1) * finite.length) / columns),
    );
    return part.reduce((sum, v) => sum + v, 0) / part.length;
  });
  const low = Math.min(...means);
  const span = Math.max(...means) - low || 1;
  return means.map(v => BARS[Math.min(7, Math.floor(((v - low) / span) * 8))]).join('');
}
