/** Dates without a time zone, as Python's `strftime` writes them with glibc in the C locale. */

const DAYS = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday'];
const MONTHS = [
  'January',
  'February',
  'March',
  'April',
  'May',
  'June',
  'July',
  'August',
  'September',
  'October',
  'November',
  'December',
];

/** Numbers with how wide they are, and what fills them; texts as they are. */
type Field = { value: number; width: number; fill?: ' ' } | string;

const number = (value: number, width = 2, fill?: ' '): Field => ({ value, width, fill });

const DIRECTIVES: Record<string, (date: Date) => Field> = {
  a: date => DAYS[date.getDay()].slice(0, 3),
  A: date => DAYS[date.getDay()],
  b: date => MONTHS[date.getMonth()].slice(0, 3),
  B: date => MONTHS[date.getMonth()],
  c: date => strftime(date, '%a %b %e %H:%M:%S %Y'),
  C: date => number(Math.floor(date.getFullYear() / 100)),
  d: date => number(date.getDate()),
  D: date => strftime(date, '%m/%d/%y'),
  e: date => number(date.getDate(), 2, ' '),
  f: date => number(date.getMilliseconds() * 1000, 6),
  F: date => strftime(date, '%Y-%m-%d'),
  g: date => number(isoWeek(date).year % 100),
  G: date => number(isoWeek(date).year, 1),
  h: date => MONTHS[date.getMonth()].slice(0, 3),
  H: date => number(date.getHours()),
  I: date => number(date.getHours() % 12 || 12),
  j: date => number(dayOfYear(date), 3),
  k: date => number(date.getHours(), 2, ' '),
  l: date => number(date.getHours() % 12 || 12, 2, ' '),
  m: date => number(date.getMonth() + 1),
  M: date => number(date.getMinutes()),
  n: () => '\n',
  p: date => (date.getHours() < 12 ? 'AM' : 'PM'),
  P: date => (date.getHours() < 12 ? 'am' : 'pm'),
  r: date => strftime(date, '%I:%M:%S %p'),
  R: date => strftime(date, '%H:%M'),
  s: date => number(Math.floor(date.getTime() / 1000), 1),
  S: date => number(date.getSeconds()),
  t: () => '\t',
  T: date => strftime(date, '%H:%M:%S'),
  u: date => number(date.getDay() || 7, 1),
  U: date => number(Math.floor((dayOfYear(date) + 6 - date.getDay()) / 7)),
  V: date => number(isoWeek(date).week),
  w: date => number(date.getDay(), 1),
  W: date => number(Math.floor((dayOfYear(date) + 6 - ((date.getDay() + 6) % 7)) / 7)),
  x: date => strftime(date, '%m/%d/%y'),
  X: date => strftime(date, '%H:%M:%S'),
  y: date => number(date.getFullYear() % 100),
  Y: date => number(date.getFullYear(), 1),
  z: () => '',
  Z: () => '',
  '%': () => '%',
};

const dayOfYear = (date: Date): number =>
  Math.round(
    (Date.UTC(date.getFullYear(), date.getMonth(), date.getDate()) - Date.UTC(date.getFullYear(), 0, 0)) / 864e5,
  );

/** The week of ISO 8601, and its year: that of the week's Thursday. */
function isoWeek(date: Date): { year: number; week: number } {
  const thursday = new Date(date.getFullYear(), date.getMonth(), date.getDate() + 4 - (date.getDay() || 7));
  return { year: thursday.getFullYear(), week: Math.ceil(dayOfYear(thursday) / 7) };
}

function written(field: Field, flags: string): string {
  const text = typeof field === 'string' ? field : padded(field, flags);
  return flags.includes('^') ? text.toUpperCase() : text;
}

function padded({ value, width, fill }: Exclude<Field, string>, flags: string): string {
  if (flags.includes('-')) return String(value);
  const isSpaced = flags.includes('_') || (fill === ' ' && !flags.includes('0'));
  return String(value).padStart(width, isSpaced ? ' ' : '0');
}

/**
 * `date` in the local time zone. `%-d` leaves leading zeros out, `%_d` has spaces for them, `%^a` is in capitals;
 * directives that are not known stay.
 */
export const strftime = (date: Date, format: string): string =>
  format.replace(/%([-_0^]*)([a-zA-Z%])/g, (directive, flags: string, letter: string) =>
    Object.hasOwn(DIRECTIVES, letter) ? written(DIRECTIVES[letter](date), flags) : directive,
  );
