/** Comments, strings, keywords and numbers of code, marked for the style sheet: enough to read by, for the languages of the pages. */

const WORDS = {
  ts: 'abstract as async await break case catch class const continue declare default delete do else enum export extends finally for from function get if implements import in infer instanceof interface is keyof let new null of private protected public readonly return satisfies set static super switch this throw true false try type typeof undefined unknown using var void while yield',
  sh: 'if then else fi for do done in case esac export',
  yaml: 'true false null',
};
const ALIASES = {
  js: 'ts',
  mjs: 'ts',
  typescript: 'ts',
  javascript: 'ts',
  json: 'ts',
  bash: 'sh',
  console: 'sh',
  text: '',
  cc: 'ts',
  cpp: 'ts',
};
const STRING = String.raw`'(?:[^'\\\n]|\\.)*'|"(?:[^"\\\n]|\\.)*"|\x60(?:[^\x60\\]|\\.)*\x60`;
const COMMENT = {
  ts: String.raw`\/\/[^\n]*|\/\*[\s\S]*?\*\/`,
  sh: String.raw`(?<=^|\s)#[^\n]*`,
  yaml: String.raw`(?<=^|\s)#[^\n]*`,
};

export const escapeHtml = text =>
  text.replace(/[&<>"]/g, character => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' })[character]);

/** @returns HTML */
export function highlight(code, language) {
  const kind = ALIASES[language] ?? language;
  if (!WORDS[kind]) return escapeHtml(code);
  const keywords = `\\b(?:${WORDS[kind].split(' ').join('|')})\\b(?!\\s*:(?!:))`;
  const pattern = new RegExp(`(${COMMENT[kind]})|(${STRING})|(${keywords})|(\\b\\d[\\d_.]*(?:e[+-]?\\d+)?\\b)`, 'gm');
  let html = '';
  let from = 0;
  for (const match of code.matchAll(pattern)) {
    const [text, comment, string, keyword] = match;
    const name = comment ? 'c' : string ? 's' : keyword ? 'k' : 'n';
    html += `${escapeHtml(code.slice(from, match.index))}<span class="${name}">${escapeHtml(text)}</span>`;
    from = match.index + text.length;
  }
  return html + escapeHtml(code.slice(from));
}
