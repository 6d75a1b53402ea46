/** Memory that this process has. */
import { readFileSync } from 'node:fs';

/**
 * Peak and present resident set in bytes. The peak is the kernel's `VmHWM`: `maxRSS` of getrusage also counts what the parent had
 * when it started this process. Where there is no /proc both are what Node says.
 */
export function residentBytes(): { peak: number; now: number } {
  let status: string;
  try {
    status = readFileSync('/proc/self/status', 'utf8');
  } catch {
    return { peak: process.resourceUsage().maxRSS * 1024, now: process.memoryUsage.rss() };
  }
  const of = (key: string): number => 1024 * Number(status.match(new RegExp(`^${key}:\\s+(\\d+)`, 'm'))![1]);
  return { peak: of('VmHWM'), now: of('VmRSS') };
}
