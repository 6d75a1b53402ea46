/** `POST /v1/classify`, `/v1/rerank` (as Cohere and Jina have it), `/v1/fill-mask` and `/v1/answer`. */
import { endpoint } from '../call.ts';
import { classification, extractedAnswers, filledMasks, ranking } from '../schemas/answers/tasks.ts';
import { answerSchema, classifySchema, fillMaskSchema, rerankSchema } from '../schemas/tasks.ts';
import { readingUsage } from '../usage.ts';
import { newId } from '../work.ts';

export const classify = endpoint({
  path: '/v1/classify',
  summary: 'labels of texts, or of pairs of texts',
  schema: classifySchema,
  answer: classification,
  input: 'input',
  ability: 'classify',
  async handle({ body, model, engine, work }) {
    const inputs = typeof body.input === 'string' ? [body.input] : body.input;
    const { labels, tokens } = await engine.call(
      'classify',
      { inputs, topK: body.top_k, truncate: body.truncate },
      work.signal,
    );
    work.promptTokens += tokens;
    const data = labels.map((list, index) => ({ index, label: list[0].label, score: list[0].score, labels: list }));
    return Response.json({ id: newId('classify-'), object: 'list', model, data, usage: readingUsage(tokens) });
  },
});

export const rerank = endpoint({
  path: '/v1/rerank',
  summary: 'documents by how well they answer a query',
  schema: rerankSchema,
  answer: ranking,
  input: 'documents',
  ability: 'rerank',
  async handle({ body, model, engine, work }) {
    const documents = body.documents.map(one => (typeof one === 'string' ? one : one.text));
    const { query, truncate } = body;
    const { scores, tokens } = await engine.call('rerank', { query, documents, truncate }, work.signal);
    work.promptTokens += tokens;
    const results = [...scores]
      .map((score, index) => ({
        index,
        relevance_score: score,
        ...(body.return_documents ? { document: { text: documents[index] } } : {}),
      }))
      .sort((a, b) => b.relevance_score - a.relevance_score)
      .slice(0, body.top_n);
    return Response.json({ id: newId('rerank-'), model, results, usage: { total_tokens: tokens } });
  },
});

export const fillMask = endpoint({
  path: '/v1/fill-mask',
  summary: 'what may stand in place of mask tokens',
  schema: fillMaskSchema,
  answer: filledMasks,
  input: 'input',
  ability: 'fillMask',
  async handle({ body, model, engine, work }) {
    const { masks, tokens } = await engine.call('fillMask', { input: body.input, topK: body.top_k ?? 5 }, work.signal);
    work.promptTokens += tokens;
    const data = masks.map((candidates, index) => ({
      index,
      candidates: candidates.map(({ id, token, score, sequence }) => ({
        token: id,
        token_str: token,
        score,
        sequence,
      })),
    }));
    return Response.json({ id: newId('mask-'), object: 'list', model, data, usage: readingUsage(tokens) });
  },
});

export const answer = endpoint({
  path: '/v1/answer',
  summary: 'answers a question from a text: the words that say it',
  schema: answerSchema,
  answer: extractedAnswers,
  input: 'context',
  ability: 'answer',
  async handle({ body, model, engine, work }) {
    const { question, context, top_k: topK = 1 } = body;
    const { answers, tokens } = await engine.call('answer', { question, context, topK }, work.signal);
    work.promptTokens += tokens;
    const data = answers.map((one, index) => ({ index, ...one }));
    return Response.json({ id: newId('answer-'), object: 'list', model, data, usage: readingUsage(tokens) });
  },
});
