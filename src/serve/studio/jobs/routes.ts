/** `/studio/api/jobs`: what is allowed to start processes on this machine, and therefore asks more of who asks. */
import { resolve } from 'node:path';
import { Hono } from 'hono';
import { z } from 'zod';
import { parseOptions } from '../../../support/schema.ts';
import { requireLocal } from '../../http/guard.ts';
import type { Env } from '../../http/work.ts';
import type { JobEvent, JobList, JobSummary } from '../api.ts';
import { bodyOf, eventsOf, jsonOf } from '../exchange.ts';
import { findRuns } from '../run-folders.ts';
import { readJobRequest } from './job-request.ts';
import type { Jobs } from './jobs.ts';
import { addText } from './texts.ts';
import { describeWorkplace, knownRecipeFiles } from './workplace.ts';

const afterSchema = z.coerce.number().int('a whole number of bytes').min(0);

export interface JobRoutesOptions {
  /** Undefined of a server that starts none. */
  jobs: Jobs | undefined;
  /** Folders of runs, so that a job is linked with what it trains. */
  runs: readonly string[];
  /** The server asks for keys: then an admin's is needed. */
  isGuarded: boolean;
}

export function jobRoutes({ jobs, ...options }: JobRoutesOptions): Hono<Env> {
  return jobs === undefined ? new Hono<Env>().get('/jobs', () => jsonOf(null)) : routesOf(jobs, options);
}

function routesOf(jobs: Jobs, { runs, isGuarded }: Omit<JobRoutesOptions, 'jobs'>): Hono<Env> {
  const app = new Hono<Env>();
  const { folder } = jobs;
  const recipes = knownRecipeFiles();

  app.use('/jobs/*', async (c, next) => {
    requireLocal(c, isGuarded);
    await next();
  });

  /** With the run that it trains. */
  const withRuns = (list: readonly JobSummary[]): JobSummary[] => {
    const known = findRuns(runs);
    return list.map(job => {
      const path = job.command === 'resume' ? job.values.run : job.values.out;
      const run = path === undefined ? undefined : known.find(one => one.path === resolve(folder, String(path)));
      return run === undefined ? job : { ...job, run: run.id };
    });
  };
  const told = (job: JobSummary, status?: number): Response => jsonOf(withRuns([job])[0], status);

  app.get('/jobs', () => jsonOf({ folder, atOnce: jobs.atOnce, jobs: withRuns(jobs.list()) } satisfies JobList));
  app.post('/jobs', async c => told(jobs.start(readJobRequest(await bodyOf(c.req.raw), { folder, recipes })), 201));
  app.get('/jobs/workplace', () => jsonOf(describeWorkplace(folder)));
  app.post('/jobs/texts', async c => jsonOf({ path: addText(folder, await bodyOf(c.req.raw)) }, 201));
  app.get('/jobs/:id', c => told(jobs.find(c.req.param('id'))));
  app.get('/jobs/:id/events', c => {
    const after = parseOptions(afterSchema, c.req.query('after') ?? '0', 'after');
    const { id } = jobs.find(c.req.param('id'));
    async function* events(signal: AbortSignal): AsyncGenerator<JobEvent> {
      for await (const event of jobs.follow(id, after, signal)) {
        yield event.type === 'job' ? { ...event, job: withRuns([event.job])[0] } : event;
      }
    }
    return eventsOf(events, c.req.raw.signal);
  });
  app.post('/jobs/:id/stop', c => told(jobs.stop(c.req.param('id'))));
  app.delete('/jobs/:id', c => {
    jobs.remove(c.req.param('id'));
    return jsonOf({ deleted: true });
  });
  return app;
}
