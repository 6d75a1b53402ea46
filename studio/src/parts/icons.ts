/** Paths of the icons, drawn with a line of 1.5 in a square of 20. */
export const ICONS = {
  playground: 'M3.5 4.5h13v9h-7l-3.5 3v-3h-2.5z',
  reasoning: 'M10 3.5v4M10 7.5l-5.5 4.5M10 7.5l5.5 4.5M10 7.5V12M3 12h3v4H3zM8.5 12h3v4h-3zM14 12h3v4h-3z',
  inside: 'M3.5 3.5h5v5h-5zM11.5 3.5h5v5h-5zM3.5 11.5h5v5h-5zM11.5 11.5h5v5h-5z',
  runs: 'M3.5 3.5v13h13M6.5 7c1.5 4.5 4 6 9.5 6.5',
  evaluations: 'M3.5 16.5h13M5.5 16.5v-5M10 16.5v-12M14.5 16.5v-8',
  sweeps: 'M5 3.5v13M10 3.5v13M15 3.5v13M2.5 12l2.5-4 5 5 5-7 2.5 3',
  models: 'M10 3l6.5 3.5v7L10 17l-6.5-3.5v-7zM3.5 6.5L10 10l6.5-3.5M10 10v7',
  learning: 'M4 15.5V9M8 15.5V5M12 15.5v-4M16 15.5V3M3 16.5h14',
  jobs: 'M4.5 4v12l11-6z',
  up: 'M4 9h3v7.5H4zM7 9l3-6c1.5 0 2.2 1 1.8 2.6L11 8h5l-1 8.5H7',
  down: 'M4 11h3V3.5H4zM7 11l3 6c1.5 0 2.2-1 1.8-2.6L11 12h5l-1-8.5H7',
  light:
    'M10 6.5a3.5 3.5 0 1 0 0 7a3.5 3.5 0 1 0 0-7M10 2v1.5M10 16.5V18M2 10h1.5M16.5 10H18M4.5 4.5l1 1M14.5 14.5l1 1M15.5 4.5l-1 1M5.5 14.5l-1 1',
  dark: 'M16.5 11.5A7 7 0 0 1 8.5 3.5a7 7 0 1 0 8 8z',
  system: 'M3 4h14v9.5H3zM7 16.5h6M10 13.5v3',
  language: 'M10 3a7 7 0 1 0 0 14a7 7 0 1 0 0-14M3 10h14M10 3c-5 4.5-5 9.5 0 14M10 3c5 4.5 5 9.5 0 14',
  send: 'M10 16V4.5M5 9.5L10 4.5l5 5',
  stop: 'M6 6h8v8H6z',
  retry: 'M15.5 8A6 6 0 1 0 16 11.5M16 4v4h-4',
  copy: 'M7.5 7.5h8.5v8.5H7.5zM12.5 7.5V4H4v8.5h3.5',
  code: 'M7 6l-4 4 4 4M13 6l4 4-4 4',
  close: 'M5.5 5.5l9 9M14.5 5.5l-9 9',
  compare: 'M3.5 4h5.5v12H3.5zM11 4h5.5v12H11z',
  settings: 'M3.5 6h7M14.5 6h2M3.5 14h2M9.5 14h7M12.5 4v4M7.5 12v4',
  edit: 'M4 16l1-4 8-8 3 3-8 8zM11.5 5.5l3 3',
  remove: 'M4 6h12M8 6V4h4v2M5.5 6l1 10.5h7l1-10.5',
  save: 'M10 3.5V13M6 9.5l4 4 4-4M4 16.5h12',
  back: 'M12 5l-5 5 5 5',
  warning: 'M10 3.5L17.5 16.5h-15zM10 8v4M10 14v.5',
} as const;

export type IconName = keyof typeof ICONS;
