/** Light, dark, or as the system has it. */
import { keep, read } from './storage.ts';

export const THEMES = ['system', 'light', 'dark'] as const;
export type Theme = (typeof THEMES)[number];

const dark = matchMedia('(prefers-color-scheme: dark)');
const state = $state<{ theme: Theme; systemIsDark: boolean }>({
  theme: THEMES.find(theme => theme === read('local', 'tslm-theme')) ?? 'system',
  systemIsDark: dark.matches,
});
dark.addEventListener('change', () => {
  state.systemIsDark = dark.matches;
});

export const appearance = {
  get theme(): Theme {
    return state.theme;
  },
  set theme(theme: Theme) {
    state.theme = theme;
    keep('local', 'tslm-theme', theme === 'system' ? undefined : theme);
    if (theme === 'system') delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = theme;
  },
  get isDark(): boolean {
    return state.theme === 'system' ? state.systemIsDark : state.theme === 'dark';
  },
};

/** What a custom property of colour comes to now, for what is drawn on a canvas. */
export function colorOf(property: string): string {
  const probe = document.createElement('span');
  probe.style.color = `var(${property})`;
  document.body.append(probe);
  const { color } = getComputedStyle(probe);
  probe.remove();
  return color;
}
