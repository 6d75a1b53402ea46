/** An n-gram model as benchmarks ask it: the floor that a network is to be above. */
import { NgramModel, type NgramState, type StoredNgram } from '../../ngram/index.ts';
import { UserError } from '../../support/errors.ts';
import { createRandom } from '../../support/random.ts';
import type { Tokenizer } from '../../tokenizers/tokenizer.ts';
import { encodeContext, moveSpace } from './encode-pair.ts';
import type { EvaluatedModel, GenerationRequest, Loglikelihood, RequestOptions } from './evaluated-model.ts';
import { cutAt } from './generate-until.ts';
import { eachBatch } from './in-batches.ts';

/** Between text and the model's ids. */
interface Coder {
  encode(text: string): number[];
  /** The text that ids add to others before them. */
  decode(before: readonly number[], ids: readonly number[]): string;
}

/**
 * Every text begins a document. Words that the model does not know count as its unknown word.
 *
 * @param order of the n-grams to use: 1 takes each token's own probability. Default: the model's
 * @throws UserError for a model of token ids without a tokenizer
 */
export function ngramModel(stored: StoredNgram, name: string, { order }: { order?: number } = {}): EvaluatedModel {
  const coder = coderOf(stored, name);
  const model =
    order === undefined ? stored.model : new NgramModel(stored.model.trie.slice(0, order), stored.model.vocabulary);
  const inTurn = async <Request, Answer>(
    requests: readonly Request[],
    answer: (request: Request) => Answer,
    options?: RequestOptions,
  ): Promise<Answer[]> => {
    const answers = new Array<Answer>(requests.length);
    const batches = Array.from({ length: Math.ceil(requests.length / BATCH) }, (_, i) =>
      [...requests.keys()].slice(BATCH * i, BATCH * (i + 1)),
    );
    const work = (batch: readonly number[]): void => {
      for (const i of batch) answers[i] = answer(requests[i]);
    };
    await eachBatch(batches, work, options);
    return answers;
  };
  return {
    name,
    scoring: 'causal',
    loglikelihood: (requests, options) =>
      inTurn(
        requests,
        request => {
          const { context, continuation } = moveSpace(request);
          const before = coder.encode(context);
          const ids = coder.encode(context + continuation);
          return scored(model, model.stateAfter(ids.slice(0, before.length)), ids.slice(before.length));
        },
        options,
      ),
    loglikelihoodRolling: (texts, options) =>
      inTurn(
        texts,
        text => {
          const ids = coder.encode(text);
          const { logProb } = model.score(ids);
          return { logProb, tokens: ids.length, bytes: Buffer.byteLength(text) };
        },
        options,
      ),
    generateUntil: (requests, options) => inTurn(requests, request => written(model, coder, request), options),
    [Symbol.dispose]() {},
  };
}

const BATCH = 64;

/** Of draws, where none is given. */
const SEED = 1234;

function coderOf({ lexicon, tokenizer, provenance }: StoredNgram, name: string): Coder {
  if (lexicon) {
    // A line is a document there; a prompt of several lines is read as one.
    const encode = (text: string): number[] => [...lexicon.encodePrompt(text.replace(/\n/g, ' '))];
    const gap = lexicon.units === 'words' ? ' ' : '';
    return { encode, decode: (_, ids) => (ids.length === 0 ? '' : gap + lexicon.decode(ids)) };
  }
  if (!tokenizer) {
    throw new UserError(
      'TSLM_NGRAM_TOKENIZER',
      `${name}: the model of ${provenance.source} has no tokenizer for text`,
      {
        hint: 'put the tokenizer.json of its corpus into the model directory',
      },
    );
  }
  const known: Tokenizer = tokenizer();
  const special = known.specialTokensAround().before.length;
  return {
    encode: text => encodeContext(known, text).slice(special),
    decode(before, ids) {
      const stream = known.decodeStream({ skipSpecialTokens: true });
      for (const id of before) stream.push(id);
      return ids.map(id => stream.push(id)).join('') + stream.end();
    },
  };
}

function scored(model: NgramModel, state: NgramState, ids: readonly number[]): Loglikelihood {
  let [logProb, isGreedy] = [0, true];
  for (const id of ids) {
    // The distribution costs a pass over the vocabulary: it is asked for no longer once a token was not the first choice.
    const most = isGreedy ? Math.log(model.distributionAfter(state).reduce((a, b) => Math.max(a, b), 0)) : 0;
    const own = model.advance(state, id);
    isGreedy &&= own >= most - 1e-6;
    logProb += own;
  }
  return { logProb, isGreedy, tokens: ids.length };
}

function written(
  model: NgramModel,
  coder: Coder,
  { context, until, maxNewTokens, options }: GenerationRequest,
): string {
  const draws = options.do_sample === true;
  const temperature = draws ? Number(options.temperature ?? 1) : 0;
  const random = createRandom(Number(options.seed ?? SEED));
  const prompt = coder.encode(context);
  const ids: number[] = [];
  let text = '';
  for (const id of model.generate(prompt, { maxTokens: maxNewTokens, random, temperature })) {
    if (id === model.vocabulary.end) break;
    ids.push(id);
    text = coder.decode(prompt, ids);
    if (until.some(stop => stop !== '' && text.includes(stop))) break;
  }
  return cutAt(text, until);
}
