/** Scores of a benchmark's documents that a training corpus holds, and of those that it does not. */
import { aggregate } from '../harness/aggregations.ts';
import type { EvaluationResult, Sample, TaskResult } from '../harness/evaluation-result.ts';
import { choicesOf, hasChoices, optionalField, targetOf, textOf } from '../harness/fields.ts';
import { pythonStr } from '../harness/python-literals.ts';
import { goldOf } from '../harness/scores.ts';
import { clustersOf } from '../harness/shared-passages.ts';
import type { Task } from '../harness/task.ts';
import { uncertaintyOf } from '../harness/uncertainty.ts';
import type { Interval } from '../statistics/intervals.ts';
import { LONGEST, overlapOf } from './overlap.ts';

export interface PartScore {
  documents: number;
  value: number;
  stderr: number | 'N/A';
  /** Of 95 %. */
  interval?: Interval;
}

export interface TaskContamination {
  task: string;
  /** Words of a run. */
  ngram: number;
  documents: number;
  /** That share a run of words with the corpora. */
  dirty: number;
  /** That are too short to tell; they count as clean. */
  tooShort: number;
  /** By metric and filter, as in the results. */
  scores: Record<string, { clean?: PartScore; dirty?: PartScore }>;
}

/**
 * @param corpus texts that the model was trained on
 * @param cluster as in `evaluateTasks`
 */
export function contaminationOf(
  { tasks }: EvaluationResult,
  corpus: Iterable<string>,
  { cluster, replicates = 1000 }: { cluster?: string; replicates?: number } = {},
): TaskContamination[] {
  const docs = tasks.map(({ samples }) => [...new Map(samples.map(sample => [sample.docId, sample])).values()]);
  const texts = tasks.map(({ task }, t) => docs[t].map(sample => documentText(task, sample)));
  const { dirty, tooShort } = overlapOf(texts.flat(), corpus);
  let first = 0;
  return tasks.map((result, t) => {
    const own = new Map(docs[t].map(({ docId }, i) => [docId, first + i]));
    first += docs[t].length;
    const count = (numbers: ReadonlySet<number>): number => [...own.values()].filter(i => numbers.has(i)).length;
    const isDirty = ({ docId }: Sample): boolean => dirty.has(own.get(docId)!);
    return {
      task: result.name,
      ngram: LONGEST,
      documents: own.size,
      dirty: count(dirty),
      tooShort: count(tooShort),
      scores: scoresOfParts(result, isDirty, { cluster, replicates }),
    };
  });
}

function scoresOfParts(
  { metrics, samples }: TaskResult,
  isDirty: (sample: Sample) => boolean,
  { cluster, replicates }: { cluster?: string; replicates: number },
): TaskContamination['scores'] {
  const scores: TaskContamination['scores'] = {};
  for (const filter of new Set(samples.map(sample => sample.filter))) {
    for (const { name, aggregation } of metrics) {
      const part = (wanted: boolean): PartScore | undefined => {
        const chosen = samples.filter(
          sample => sample.filter === filter && name in sample.scores && isDirty(sample) === wanted,
        );
        if (chosen.length === 0) return undefined;
        const items = chosen.map(sample => sample.scores[name]);
        const { value, stderr } = aggregate(items, aggregation, name, replicates);
        const clusters = clustersOf(
          chosen.map(({ doc }) => doc),
          cluster,
        );
        const known = uncertaintyOf(items, aggregation, name, { clusters, replicates });
        return { documents: chosen.length, value, stderr: known?.stderr ?? stderr, interval: known?.interval };
      };
      const [clean, dirty] = [part(false), part(true)];
      scores[`${name},${filter}`] = { ...(clean && { clean }), ...(dirty && { dirty }) };
    }
  }
  return scores;
}

/** What a corpus might hold of a document: what the task says (`doc_to_decontamination_query`), else question and right answer. */
function documentText(task: Task, { doc, target }: Sample): string {
  const { config } = task;
  const query = optionalField(doc, config.doc_to_decontamination_query, `${task.name}: doc_to_decontamination_query`);
  if (query !== undefined) return query;
  if (config.output_type === 'similarity')
    return `${textOf(task, doc, task.name)} ${textOf(task, doc, task.name, config.doc_to_pair)}`;
  const parts = [task.hasContexts || config.doc_to_text === undefined ? '' : String(textOf(task, doc, task.name))];
  if (hasChoices(task) && !task.twins?.results) {
    const choices = choicesOf(task, doc, task.name);
    parts.push(choices[goldOf(task, doc, choices, task.name)[0]]);
    if (task.hasContexts) parts.push(pythonStr(targetOf(task, doc, task.name)));
  } else parts.push(pythonStr([target].flat()[0] ?? ''));
  return parts.join(' ');
}
