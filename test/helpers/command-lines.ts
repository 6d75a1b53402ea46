/** Command lines in documents: found, and checked against the program without running anything. */
import type { Command } from 'commander';
import { expect } from 'vitest';

/** The words after `tslm` or `bin/tslm` of each line that calls it; a backslash at the end joins lines. In a table of files several spaces follow. */
export function commandsIn(text: string): string[][] {
  const lines = text.replace(/\\\n\s*/g, '').split('\n');
  return lines.flatMap(line => {
    const match = line.match(/^\s*(?:\$ )?(?:[A-Z_]+=\S+ )*(?:npx )?(?:bin\/)?tslm(?:$| (?! )(.*)$)/);
    return match ? [wordsOf(match[1] ?? '')] : [];
  });
}

/** Splits as a shell does, up to a pipe, a redirection or a comment. */
function wordsOf(line: string): string[] {
  const words: string[] = [];
  for (const [word] of line.matchAll(/(?:'[^']*'|"(?:[^"\\]|\\.)*"|[^\s'"])+/g)) {
    if (/^(\||#|>|<|&&|;|2>|&)/.test(word)) break;
    words.push(word.replace(/'([^']*)'|"((?:[^"\\]|\\.)*)"/g, '$1$2'));
  }
  return words;
}

/** Fails when the command, one of its options or the number of its arguments is not what the program knows. */
export function checkCommand(root: Command, words: readonly string[]): void {
  const line = `tslm ${words.join(' ')}`;
  let command = root;
  let rest = [...words];
  for (;;) {
    const inner = command.commands.find(candidate => candidate.name() === rest[0]);
    if (!inner) break;
    command = inner;
    rest = rest.slice(1);
  }
  const { operands, unknown } = command.parseOptions(rest);
  if (unknown.includes('--help') || unknown.includes('--version') || words.length === 0) return;
  expect(command, `${line}: no such command`).not.toBe(root);
  expect(unknown, `${line}: no such options`).toEqual([]);
  const needed = command.registeredArguments.filter(argument => argument.required).length;
  const most = command.registeredArguments.some(argument => argument.variadic)
    ? Number.POSITIVE_INFINITY
    : command.registeredArguments.length;
  expect(operands.length, `${line}: arguments are missing`).toBeGreaterThanOrEqual(needed);
  expect(operands.length, `${line}: too many arguments`).toBeLessThanOrEqual(most);
  for (const option of command.options.filter(({ mandatory }) => mandatory)) {
    expect(command.getOptionValue(option.attributeName()), `${line}: ${option.long} is missing`).toBeDefined();
  }
}
