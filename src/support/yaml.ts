/** YAML of files that people write: whatever is wrong with one is one line that names it. */
import { parse } from 'yaml';
import { messageOf, usageError } from './errors.ts';

/**
 * @param where what is being read, first word of the message
 * @param hint what to do about a text that is no YAML
 * @throws UserError for that, for aliases without their anchors, and for aliases that would grow without bounds
 */
export function parseYaml(text: string, where: string, hint: string): unknown {
  try {
    return parse(text, { logLevel: 'error' });
  } catch (error) {
    throw usageError('TSLM_BAD_YAML', `${where}: ${messageOf(error).split('\n')[0]}`, hint);
  }
}
