/** Dates as C's `strftime` writes them in the C locale. */

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

const DIRECTIVES: Record<string, (date: Date) => string | number> = {
  a: date => DAYS[date.getDay()].slice(0, 3),
  A: date => DAYS[date.getDay()],
  b: date => MONTHS[date.getMonth()].slice(0, 3),
  B: date => MONTHS[date.getMonth()],
  d: date => padded(date.getDate(), 2),
  D: date => strftime(date, '%m/%d/%y'),
  e: date => String(date.getDate()).padStart(2),
  F: date => strftime(date, '%Y-%m-%d'),
  H: date => padded(date.getHours(), 2),
  I: date => padded(date.getHours() % 12 || 12, 2),
  j: date => padded(dayOfYear(date), 3),
  m: date => padded(date.getMonth() + 1, 2),
  M: date => padded(date.getMinutes(), 2),
  p: date => (date.getHours() < 12 ? 'AM' : 'PM'),
  S: date => padded(date.getSeconds(), 2),
  T: date => strftime(date, '%H:%M:%S'),
  u: date => date.getDay() || 7,
  w: date => date.getDay(),
  y: date => padded(date.getFullYear() % 100, 2),
  Y: date => date.getFullYear(),
  '%': () => '%',
};

const padded = (value: number, width: number): string => String(value).padStart(width, '0');

const dayOfYear = (date: Date): number =>
  Math.round(
    (Date.UTC(date.getFullYear(), date.getMonth(), date.getDate()) - Date.UTC(date.getFullYear(), 0, 0)) / 864e5,
  );

/** `date` in the local time zone; `%-d` leaves leading zeros out, and directives that are not known stay. */
export const strftime = (date: Date, format: string): string =>
  format.replace(/%(-?)([a-zA-Z%])/g, (directive, minus: string, letter: string) => {
    if (!Object.hasOwn(DIRECTIVES, letter)) return directive;
    const text = String(DIRECTIVES[letter](date));
    return minus ? text.replace(/^[0 ]+(?=.)/, '') : text;
  });
