/** Every endpoint that asks something of a model. */
import type { Endpoint } from '../call.ts';
import { chat } from './chat.ts';
import { completions } from './completions.ts';
import { embeddings } from './embeddings.ts';
import { responses } from './responses.ts';
import { summarize, translate } from './rewrite.ts';
import { answer, classify, fillMask, rerank } from './tasks.ts';
import { detokenize, tokenize } from './tokenize.ts';

export const ENDPOINTS: readonly Endpoint[] = [
  chat,
  completions,
  responses,
  embeddings,
  classify,
  rerank,
  fillMask,
  translate,
  summarize,
  answer,
  tokenize,
  detokenize,
];
