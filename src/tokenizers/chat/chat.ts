/** Conversations as the text that a model was trained on, after the tokenizer's chat template (Transformers' rules). */
import { usageError } from '../../support/errors.ts';
import { trimEnd, trimStart } from '../../support/jinja/python/text.ts';
import { assistantTurns, emptyThoughts } from './assistant-turns.ts';
import { hasGenerationTags, renderTemplate } from './jinja.ts';
import { type ChatTemplates, selectTemplate } from './templates.ts';

/** What a template may ask for beside the role is up to the template. */
export interface ChatMessage {
  role: string;
  content?: string | null | Record<string, unknown>[];
  [key: string]: unknown;
}

export interface ChatOptions {
  /** The name of one of the tokenizer's templates, or a template itself. Default: the tokenizer's own. */
  chatTemplate?: string;
  /** JSON schemas of functions that the model may call. */
  tools?: readonly Record<string, unknown>[];
  /** Documents for models that were trained to answer from them. */
  documents?: readonly Record<string, unknown>[];
  /** End with what begins an answer of the assistant. Default false. */
  addGenerationPrompt?: boolean;
  /** End within the last message, so that the model goes on with it; the name of a field: within that. Default false. */
  continueFinalMessage?: boolean | string;
  /** Further variables of the template, such as `enable_thinking`. */
  variables?: Record<string, unknown>;
  /** Special tokens as they stand in texts, to find where turns end. */
  specialTokens?: readonly string[];
}

export interface RenderedChat {
  text: string;
  /** What the assistant writes, in code points of the text. */
  generated: { start: number; end: number }[];
  /** How that was found: by the template's own tags, or by the difference of renderings. */
  by?: 'tags' | 'difference' | 'text';
}

/**
 * @param specialTokens variables such as `bos_token`
 * @param tracksGeneration whether to find the parts between `{% generation %}` tags
 * @throws UserError when there is no template, or it refuses the messages
 */
export function renderChat(
  messages: readonly ChatMessage[],
  templates: ChatTemplates | null | undefined,
  specialTokens: Record<string, unknown>,
  options: ChatOptions,
  tracksGeneration: boolean,
): RenderedChat {
  const { tools, documents, addGenerationPrompt = false, continueFinalMessage = false, variables } = options;
  if (continueFinalMessage && (addGenerationPrompt || tracksGeneration)) {
    const other = addGenerationPrompt ? 'a generation prompt' : 'a mask of generated tokens';
    throw usageError('TSLM_CHAT', `continuing the final message goes without ${other}`, 'ask for one of the two');
  }
  const template = selectTemplate(templates, options.chatTemplate, tools !== undefined);
  const variablesFor = (conversation: readonly ChatMessage[], asksForMore: boolean): Record<string, unknown> => ({
    ...specialTokens,
    ...variables,
    messages: conversation,
    tools: tools ?? null,
    documents: documents ?? null,
    add_generation_prompt: asksForMore,
  });
  const render = (conversation: readonly ChatMessage[]): RenderedChat =>
    renderTemplate(template, variablesFor(conversation, addGenerationPrompt));
  if (continueFinalMessage) {
    const field = continueFinalMessage === true ? 'content' : continueFinalMessage;
    if (!template.includes(field)) {
      const what = `the chat template does not render the final message: it has no "${field}"`;
      throw usageError('TSLM_CHAT', what, 'name a field that it renders, or give another template');
    }
    const { conversation, content } = tagFinalMessage(messages, field);
    return { text: cutAtTag(render(conversation).text, content), generated: [] };
  }
  const rendered = render(messages);
  if (!tracksGeneration) return rendered;
  if (hasGenerationTags(template)) return { ...rendered, generated: thoughtful(rendered), by: 'tags' };
  const turns = assistantTurns(rendered.text, messages, {
    render: (count, asksForMore) => renderTemplate(template, variablesFor(messages.slice(0, count), asksForMore)).text,
    specialTokens: options.specialTokens ?? [],
  });
  const points = codePoints(rendered.text);
  return {
    text: rendered.text,
    generated: turns.map(({ start, end }) => ({ start: points(start), end: points(end) })),
    by: turns.some(({ by }) => by === 'text') ? 'text' : 'difference',
  };
}

/** Thoughts without content are not what the assistant is to learn. */
function thoughtful({ text, generated }: RenderedChat): RenderedChat['generated'] {
  if (!text.includes('<think>')) return generated;
  const points = Array.from(text);
  return generated.map(({ start, end }) => ({
    start: start + emptyThoughts(points.slice(start, end).join('')),
    end,
  }));
}

/** Places in UTF-16 units, asked for in rising order, as places in code points. */
function codePoints(text: string): (place: number) => number {
  let [unit, point] = [0, 0];
  return place => {
    for (; unit < place; point++) unit += text.codePointAt(unit)! > 0xffff ? 2 : 1;
    return point;
  };
}

/** Stands at the end of the message that is to be continued; its space tells whether the template trims messages. */
const TAG = 'CONTINUE_FINAL_MESSAGE_TAG ';

function tagFinalMessage(
  messages: readonly ChatMessage[],
  field: string,
): { conversation: ChatMessage[]; content: string } {
  const conversation = structuredClone([...messages]);
  const last = conversation.at(-1);
  const value = last?.[field];
  if (last && typeof value === 'string') {
    last[field] = value + TAG;
    return { conversation, content: value };
  }
  const block = Array.isArray(value) ? value.findLast(part => typeof part?.text === 'string') : undefined;
  if (!block) {
    throw usageError('TSLM_CHAT', 'the final message has no text to continue', 'end the messages with text');
  }
  const content: string = block.text;
  block.text = content + TAG;
  return { conversation, content };
}

function cutAtTag(rendered: string, content: string): string {
  const at = rendered.lastIndexOf(TAG.trim());
  if (at < 0 || !rendered.includes(trimEnd(trimStart(content)))) {
    throw usageError(
      'TSLM_CHAT',
      'the chat template does not render the final message, so it cannot be continued',
      'end the messages with one that the template renders as it is',
    );
  }
  const isTrimmed = !rendered.startsWith(TAG, at);
  return isTrimmed ? trimEnd(rendered.slice(0, at)) : rendered.slice(0, at);
}

/**
 * 1 for each token from the first to the last one of which a part lies in a span, else 0. (White space may be a token that takes no
 * place in the text.)
 *
 * @param spans in code points of the rendered text, rising
 */
export function overlapMask(
  offsets: readonly (readonly [start: number, end: number])[],
  spans: RenderedChat['generated'],
): number[] {
  const mask: number[] = new Array(offsets.length).fill(0);
  let from = 0;
  for (const { start, end } of spans) {
    while (from < offsets.length && (offsets[from][1] <= start || offsets[from][0] === offsets[from][1])) from++;
    let last = from;
    for (let i = from; i < offsets.length && offsets[i][0] < end; i++) if (offsets[i][1] > offsets[i][0]) last = i + 1;
    mask.fill(1, from, last);
    from = Math.max(from, last);
  }
  return mask;
}

/**
 * 1 for each token that lies in a generated part, else 0, as Transformers has it: of a last character that takes several
 * tokens only the first counts. Offsets are code points of the rendered text.
 */
export function assistantMask(
  offsets: readonly (readonly [start: number, end: number])[],
  generated: RenderedChat['generated'],
): number[] {
  const mask: number[] = new Array(offsets.length).fill(0);
  const tokenAt = (char: number): number => offsets.findIndex(([start, end]) => char >= start && char < end);
  for (const { start, end } of generated) {
    const first = tokenAt(start);
    if (first < 0) break;
    const last = tokenAt(end - 1);
    mask.fill(1, first, last < 0 ? mask.length : last + 1);
  }
  return mask;
}
