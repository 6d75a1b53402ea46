/** The model beside a Kneser–Ney 5-gram of the same tokens, on the test split. */
import { join } from 'node:path';

/** Keeps the evaluations with the run and returns them as a table. */
export async function evaluateBoth({
  out,
  corpus: folder,
}: {
  out: string;
  corpus: string;
}): Promise<[string, string][]> {
  const { openCorpus } = await import('../../data/corpus/corpus.ts');
  const { loadCompleteModel } = await import('../../models/auto.ts');
  const { evaluateNgram, trainNgramOn } = await import('../../ngram/index.ts');
  const { perplexity } = await import('../../evaluate/perplexity.ts');
  const { packingOfModel } = await import('../../runs/lineage.ts');
  const { saveEvaluations } = await import('../../runs/report-run.ts');
  const { fasterDtype } = await import('../../torch/faster-dtype.ts');
  const { createProgress } = await import('../../support/progress.ts');
  const corpus = openCorpus(folder);
  const ngram = await evaluateNgram(await trainNgramOn(folder, { order: 5 }), folder, { split: 'test' });
  const network = loadCompleteModel(join(out, 'model'));
  const progress = createProgress('evaluating', { unit: ' tokens' });
  const model = perplexity(network, corpus.split('test'), {
    dtype: fasterDtype(),
    startToken: corpus.index.eos_token_id,
    prefix: corpus.index.prefix_token_ids,
    packing: packingOfModel(join(out, 'model')),
    onProgress: done => progress.update(done),
  });
  progress.end();
  network.dispose();
  const evaluations = [
    { name: 'GPT', ...model },
    { name: 'Kneser-Ney 5-gram', ...ngram, bitsPerByte: ngram.bitsPerByte ?? Number.NaN },
  ];
  saveEvaluations(out, evaluations);
  const gain = 100 * (1 - evaluations[0].bitsPerByte / evaluations[1].bitsPerByte);
  return [
    ...evaluations.map(({ name, bitsPerByte, perplexity: ppl }): [string, string] => [
      name,
      `${bitsPerByte.toFixed(3)} bits per byte   perplexity ${ppl.toFixed(1)}`,
    ]),
    ['difference', `${gain.toFixed(1)} % fewer bits than the 5-gram`],
  ];
}
