/** Chat templates that were damaged at random: each renders, or is refused with a code. */
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { renderJinja } from '../../../src/tokenizers/chat/jinja.ts';
import { damage, expectBoth } from '../../helpers/damage.ts';
import { mutateBytes, mutateText } from '../../helpers/mutations.ts';

const template = readFileSync('test/fixtures/tokenizers/byte_bpe_qwen2/chat_template.jinja');
const variables = {
  messages: [
    { role: 'system', content: 'Be brief.' },
    { role: 'user', content: 'Hi' },
    { role: 'assistant', content: 'Hello', tool_calls: [{ function: { name: 'f', arguments: { a: 1 } } }] },
  ],
  tools: [{ type: 'function', function: { name: 'f', parameters: {} } }],
  add_generation_prompt: true,
  bos_token: '<s>',
};
const words = mutateText([
  ...['{%', '%}', '{{', '}}', '{#', '#}', '-', '|', '~', '(', ')', '[', ']', '.', ',', '**', '//', '%', '"', "'"],
  ...['for', 'endfor', 'if', 'else', 'endif', 'set', 'macro', 'endmacro', 'call', 'filter', 'in', 'not', 'is', 'loop'],
  ...[
    'range(99999999)',
    '"a" * 99999999',
    '[1] * 999999999',
    '9 ** 99999',
    'messages',
    'namespace()',
    'raise_exception',
  ],
  ...['loop.cycle', 'self', 'caller()', 'messages[0]', '__class__', 'items()', 'join', 'tojson', 'groupby', 'batch(3)'],
]);

it.each([
  ['words', words],
  ['bytes', mutateBytes],
])('%s', { timeout: 1_800_000 }, async (_, mutate) => {
  const outcome = await damage(template, { mutate, read: bytes => renderJinja(bytes.toString(), variables) });
  expect([...outcome.refused.keys()]).toEqual(['TSLM_CHAT_TEMPLATE']);
  expectBoth(outcome);
});
