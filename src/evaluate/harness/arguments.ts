/** Settings written in one line, as lm-evaluation-harness reads them. */
import { UserError } from '../../support/errors.ts';

/** `--gen-kwargs num_beams=5,until=a` as values: numbers, true, false, None, else texts, with quotes or without. */
export function parseArguments(text: string): Record<string, unknown> {
  const given = text.trim();
  if (given === '') return {};
  return Object.fromEntries(
    given.split(',').map(part => {
      const at = part.indexOf('=');
      if (at < 1)
        throw new UserError('TSLM_BAD_ARGUMENT', `'${part}' is not NAME=VALUE`, {
          hint: 'write num_beams=5,max_gen_toks=64',
          exitCode: 2,
        });
      return [part.slice(0, at), argumentOf(part.slice(at + 1))];
    }),
  );
}

function argumentOf(text: string): unknown {
  const words: Record<string, unknown> = { true: true, false: false, none: null };
  if (text.toLowerCase() in words) return words[text.toLowerCase()];
  const quoted = /^(['"])(.*)\1$/s.exec(text);
  if (quoted) return quoted[2];
  return text.trim() !== '' && Number.isFinite(Number(text)) ? Number(text) : text;
}
