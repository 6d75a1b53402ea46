/** A chat template for a tokenizer that has none, as those of base models: with the special tokens that it writes. */
import { existsSync, readFileSync } from 'node:fs';
import { UserError, usageError } from '../../support/errors.ts';
import type { AddedToken } from '../added-tokens.ts';
import { Tokenizer } from '../tokenizer.ts';

const NO_TOOLS =
  "{% if tools %}{{ raise_exception('this template has no place for tools') }}{% endif %}" +
  "{% for message in messages %}{% if message.tool_calls %}{{ raise_exception('this template has no place for calls of tools') }}{% endif %}{% endfor %}";

/** Templates by name. */
export const chatTemplates = {
  /** OpenAI's form, which Qwen and many others took over. */
  chatml:
    `${NO_TOOLS}{% for message in messages %}` +
    "{{ '<|im_start|>' + message.role + '\\n' + message.content + '<|im_end|>\\n' }}" +
    "{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}",
  /** That of Llama 3. */
  llama3:
    `${NO_TOOLS}{{ bos_token }}{% for message in messages %}` +
    "{{ '<|start_header_id|>' + message.role + '<|end_header_id|>\\n\\n' + message.content | trim + '<|eot_id|>' }}" +
    "{% endfor %}{% if add_generation_prompt %}{{ '<|start_header_id|>assistant<|end_header_id|>\\n\\n' }}{% endif %}",
  /** In words that every model has: nothing is added to its vocabulary, so that an adapter can learn it. */
  plain:
    `${NO_TOOLS}{% for message in messages %}` +
    "{{ message.role + ':\\n' + message.content + (eos_token or '') + '\\n' }}" +
    "{% endfor %}{% if add_generation_prompt %}{{ 'assistant:\\n' }}{% endif %}",
} as const;

/** The names of special tokens as templates write them. */
const SPECIAL = /<\|[^|<>\s]+\|>/g;

/**
 * @param wanted `chatml`, `llama3`, or a file with a template
 * @returns a tokenizer that has the template, its special tokens after all others, and as end-of-text token what ends a turn of
 *   the assistant
 * @throws UserError when there is no such template, or it cannot be rendered
 */
export function withChatTemplate(tokenizer: Tokenizer, wanted: string): Tokenizer {
  const template = templateOf(wanted);
  const json = tokenizer.toJSON() as { added_tokens?: AddedToken[] };
  const missing = [...new Set(template.match(SPECIAL) ?? [])].filter(
    token => ![...tokenizer.specialTokens.values()].includes(token),
  );
  let next = tokenizer.vocabSize;
  const added = missing.map(content => ({
    id: tokenizer.tokenToId(content) ?? next++,
    content,
    single_word: false,
    lstrip: false,
    rstrip: false,
    normalized: false,
    special: true,
  }));
  const all = { ...json, added_tokens: [...(json.added_tokens ?? []), ...added] };
  const config = { ...tokenizer.config, chat_template: template };
  const given = Tokenizer.fromJSON(all, wanted, config);
  const end = endOfTurn(given);
  return end === undefined ? given : Tokenizer.fromJSON(all, wanted, { ...config, eos_token: end });
}

function templateOf(wanted: string): string {
  if (Object.hasOwn(chatTemplates, wanted)) return chatTemplates[wanted as keyof typeof chatTemplates];
  if (existsSync(wanted)) return readFileSync(wanted, 'utf8');
  throw usageError(
    'TSLM_CHAT_TEMPLATE',
    `data.chatTemplate: there is neither a template '${wanted}' nor such a file`,
    `templates: ${Object.keys(chatTemplates).join(', ')}; or the path of a .jinja file`,
  );
}

/** The special token after what the assistant says. */
function endOfTurn(tokenizer: Tokenizer): string | undefined {
  const said = 'answer';
  const text = tokenizer.applyChatTemplate([
    { role: 'user', content: 'question' },
    { role: 'assistant', content: said },
  ]);
  const at = text.lastIndexOf(said);
  if (at < 0) throw new UserError('TSLM_CHAT_TEMPLATE', 'the chat template leaves out what the assistant says');
  const after = text.slice(at + said.length);
  const ends = [...tokenizer.specialTokens.values()].filter(token => after.trimStart().startsWith(token));
  return ends.sort((a, b) => b.length - a.length)[0];
}
