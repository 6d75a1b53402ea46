/** `POST /tokenize` and `POST /detokenize`, as vLLM has them. */
import { endpoint } from '../call.ts';
import { badParameter } from '../parameters.ts';
import { detokenization, tokenization } from '../schemas/answers/tasks.ts';
import { templateMessage } from '../schemas/messages.ts';
import { detokenizeSchema, tokenizeSchema } from '../schemas/tokenize.ts';
import { longJson } from '../stream/long-json.ts';

/** Parameters that belong to one kind of input. */
const OF_MESSAGES = ['tools', 'continue_final_message', 'chat_template_kwargs'] as const;

export const tokenize = endpoint({
  path: '/tokenize',
  summary: 'the tokens of a text or conversation',
  schema: tokenizeSchema,
  answer: tokenization,
  input: 'prompt',
  async handle({ body, card, engine, work }) {
    const { prompt: text, messages, tools, continue_final_message, chat_template_kwargs } = body;
    if ((text === undefined) === (messages === undefined))
      throw badParameter('prompt', 'give either prompt or messages');
    const astray = messages ? undefined : OF_MESSAGES.find(key => body[key] !== undefined);
    if (astray) throw badParameter(astray, 'goes with messages');
    if (messages && body.add_special_tokens) {
      throw badParameter('add_special_tokens', 'the chat template has them already', 'leave it out');
    }
    const prompt = messages
      ? {
          messages: messages.map(templateMessage),
          tools,
          variables: chat_template_kwargs,
          continueFinalMessage: continue_final_message,
        }
      : { text: text! };
    if (messages) work.names.input = 'messages';
    const addSpecialTokens = messages ? undefined : (body.add_special_tokens ?? true);
    const { ids, tokens } = await engine.call(
      'tokenize',
      { prompt, addSpecialTokens, withTokens: body.return_token_strs ?? false },
      work.signal,
    );
    return longJson(work, {
      count: ids.length,
      max_model_len: card.contextLength ?? null,
      tokens: ids,
      token_strs: body.return_token_strs ? tokens : null,
    });
  },
});

export const detokenize = endpoint({
  path: '/detokenize',
  summary: 'the text of tokens',
  schema: detokenizeSchema,
  answer: detokenization,
  input: 'tokens',
  async handle({ body, card, engine, work }) {
    const { tokens, skip_special_tokens = false } = body;
    const strange = tokens.find(id => id >= (card.vocabularySize ?? Infinity));
    if (strange !== undefined) throw badParameter('tokens', `the model has no token ${strange}`);
    const { text } = await engine.call(
      'detokenize',
      { ids: tokens, skipSpecialTokens: skip_special_tokens },
      work.signal,
    );
    return Response.json({ prompt: text });
  },
});
