/** Answers filtered and scored, a sample for each document. */
import { createHash } from 'node:crypto';
import { partsOf } from '../../support/parts.ts';
import type { Doc } from './datasets.ts';
import type { Sample } from './evaluation-result.ts';
import { targetOf } from './fields.ts';
import type { Filter } from './filters.ts';
import { pythonJson, pythonStr } from './python-literals.ts';
import type { TaskRequest } from './requests.ts';
import { scoresOf } from './scores.ts';
import type { Task } from './task.ts';
import type { TaskMetric } from './task-metrics.ts';

/** A document with what is asked of the model about it. */
export interface Asked {
  docId: number;
  doc: Doc;
  where: string;
  requests: TaskRequest[];
}

export function filteredSamples(
  task: Task,
  metrics: readonly TaskMetric[],
  asked: readonly Asked[],
  responses: readonly (readonly (readonly unknown[])[])[],
  filter: string,
  run: Filter,
): Sample[] {
  // Filters see the answers of all documents, one list a request.
  const flat = responses.flat();
  const docs = asked.flatMap(({ doc, requests }) => requests.map(() => doc));
  const filtered = run(flat as unknown[], docs);
  const lengths = asked.map(({ requests }) => requests.length);
  return partsOf(filtered, lengths).map((own, i) => {
    const { docId, doc, where, requests } = asked[i];
    const target = targetOf(task, doc, where);
    return {
      docId,
      doc,
      target,
      requests,
      responses: responses[i],
      filtered: own,
      filter,
      scores: scoresOf(task, metrics, doc, own, where),
      hashes: {
        doc: sha256(pythonJson(doc)),
        prompt: sha256(firstText(requests[0])),
        target: sha256(pythonStr(target)),
      },
    };
  });
}

export const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

const firstText = (request: TaskRequest): string => ('context' in request ? request.context : request.text);
