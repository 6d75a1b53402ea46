/** Whether a text says yes or no in the end. */
const YES = ['yes', 'true', 'correct', 'right', '是', '对', '正确'];
const NO = ['no', 'not', 'false', 'incorrect', 'wrong', '不是', '不对', '错误', '否'];
const WORDS = new RegExp([...NO, ...YES].map(word => (/[a-z]/.test(word) ? `\\b${word}\\b` : word)).join('|'), 'gi');

/** The last word of its kind decides, a "not" before a "right" with it; undefined where there is none. */
export function verdictIn(text: string): boolean | undefined {
  const found = [...text.matchAll(WORDS)].map(([word]) => word.toLowerCase());
  const last = found.at(-1);
  if (last === undefined) return undefined;
  return YES.includes(last) && found.at(-2) !== 'not';
}
