/**
 * Takes out white space that says nothing: at the ends of lines, more than one blank line in a row, blank lines before
 * and after the text. Indents and spaces within lines stay, for in source code and verse they matter.
 */
export function tidyWhiteSpace(text: string): string {
  let result = text;
  if (result.includes(' \n') || result.includes('\t\n') || result.includes('\u3000\n')) {
    result = result.replace(/[ \t\u3000]+$/gm, '');
  }
  if (result.includes('\n\n\n')) result = result.replace(/\n{3,}/g, '\n\n');
  if (result.startsWith('\n') || /^\s+\n/.test(result)) result = result.replace(/^\s*\n/, '');
  return result.trimEnd();
}
