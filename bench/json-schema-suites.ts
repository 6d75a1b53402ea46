/**
 * What becomes of published JSON Schemas: how many compile, whether texts are judged as the suites say, how long it takes.
 *
 *   node build/bench/bench/json-schema-suites.js --suite JSON-Schema-Test-Suite/tests --bench jsonschemabench/data \
 *     --masked jsonschemabench/maskbench/data --store schemastore/src/schemas/json [--show]
 *
 * Folders of github.com/json-schema-org/JSON-Schema-Test-Suite, guidance-ai/jsonschemabench and SchemaStore/schemastore.
 * Schemas that refer to others of their collection get those as documents: the suite's `remotes`, the store's own files and
 * texts of its `src/test`.
 */
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { parseArgs } from 'node:util';
import { type Constraint, type ConstraintState, compileJsonSchema, createVocabulary } from '../src/constrain/index.ts';

const { values: folders } = parseArgs({
  options: {
    suite: { type: 'string' },
    bench: { type: 'string' },
    masked: { type: 'string' },
    store: { type: 'string' },
    show: { type: 'boolean' },
  },
});

const END = 256;
const bytes = [...Array.from({ length: 256 }, (_, byte) => Uint8Array.of(byte)), undefined];
const vocabulary = createVocabulary(bytes, { eosTokenId: [END] });

interface Case {
  name: string;
  schema: unknown;
  documents?: Record<string, unknown>;
  tests: { description: string; data: unknown; valid: boolean }[];
}

const listed = (folder: string): string[] =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter(path => path.endsWith('.json') && statSync(join(folder, path)).isFile())
    .sort();
const parsed = (path: string): unknown => JSON.parse(readFileSync(path, 'utf8'));

/**
 * Drafts 7 and 2020-12. Formats are asserted here, so that tests which say that they are not are left out; content is not,
 * which draft 7 (8.2) leaves open and later drafts ask for, so that the tests of draft 7 which assert it are left out too.
 */
function* ofSuite(folder: string): Generator<Case> {
  const remotes = join(folder, '../remotes');
  const all = Object.fromEntries(
    (existsSync(remotes) ? listed(remotes) : []).map(path => [
      `http://localhost:1234/${path}`,
      parsed(join(remotes, path)),
    ]),
  );
  for (const draft of ['draft2020-12', 'draft7']) {
    for (const path of listed(join(folder, draft))) {
      if (/^format\.json$|optional\/format-annotation/.test(path)) continue;
      if (draft === 'draft7' && path === 'optional/content.json') continue;
      for (const { description, schema, tests } of parsed(join(folder, draft, path)) as (Case & {
        description: string;
      })[]) {
        const own = ofDraft(draft, schema);
        const documents = Object.fromEntries(
          Object.entries(referredBy(own, 'http://localhost:1234/', all)).map(([name, one]) => [
            name,
            name.includes(`/${draft}/`) || !/\/draft/.test(name) ? ofDraft(draft, one) : one,
          ]),
        );
        yield { name: `${draft}/${path}: ${description}`, schema: own, documents, tests };
      }
    }
  }
}
/** Those of the documents that a schema refers to, and those that they refer to. */
function referredBy(schema: unknown, base: string, documents: Record<string, unknown>): Record<string, unknown> {
  const found: Record<string, unknown> = {};
  const look = (one: unknown, around: string): void => {
    const text = JSON.stringify(one);
    const bases = [around, ...[...text.matchAll(/"\$?id":"([^"]+)"/g)].map(([, id]) => absolute(id, around))];
    for (const [, reference] of text.matchAll(/"\$(?:ref|schema|dynamicRef)":"([^"#]+)/g)) {
      for (const from of bases) {
        const address = absolute(reference, from);
        if (!Object.hasOwn(documents, address) || Object.hasOwn(found, address)) continue;
        found[address] = documents[address];
        look(documents[address], address);
      }
    }
  };
  look(schema, base);
  return found;
}
function absolute(reference: string, base: string): string {
  try {
    return new URL(reference, base).href.split('#')[0];
  } catch {
    return reference;
  }
}

/** What the folder says of its schemas, the schemas of draft 7 do not say themselves. */
const ofDraft = (draft: string, schema: unknown): unknown =>
  draft === 'draft7' && typeof schema === 'object'
    ? { $schema: 'http://json-schema.org/draft-07/schema#', ...schema }
    : schema;
function* ofSchemas(folder: string): Generator<Case> {
  for (const path of listed(folder)) yield { name: path, schema: parsed(join(folder, path)), tests: [] };
}
/** The store's schemas, and where its tests have texts for one of that name, whether they follow it. */
function* ofStore(folder: string): Generator<Case> {
  const all: Record<string, unknown> = {};
  for (const path of listed(folder)) {
    for (const host of ['json.schemastore.org', 'www.schemastore.org']) {
      const name = path.replace(/\.json$/, '');
      all[`https://${host}/${path}`] = all[`https://${host}/${name}`] = parsed(join(folder, path));
    }
  }
  const texts = ['test', 'negative_test'].map(kind => join(folder, '../..', kind));
  for (const path of listed(folder)) {
    const own = parsed(join(folder, path)) as Record<string, unknown>;
    // Where a schema does not say its address, it is that of its file.
    const schema =
      own.$id === undefined && own.id === undefined ? { $id: `https://www.schemastore.org/${path}`, ...own } : own;
    const tests = texts.flatMap((kind, isNegative) => {
      const cases = join(kind, path.replace(/\.json$/, ''));
      if (!existsSync(cases)) return [];
      return listed(cases).flatMap(name => {
        try {
          return [{ description: name, data: parsed(join(cases, name)), valid: isNegative === 0 }];
        } catch {
          return []; // JSON with comments
        }
      });
    });
    yield {
      name: path,
      schema,
      documents: referredBy(schema, `https://www.schemastore.org/${path}`, all),
      tests,
    };
  }
}
function* ofMaskBench(folder: string): Generator<Case> {
  for (const path of listed(folder)) {
    const { schema, tests } = parsed(join(folder, path)) as Omit<Case, 'name'>;
    yield { name: path, schema, tests };
  }
}

/** The state after a text; undefined where it is not allowed. */
function after(state: ConstraintState, text: string): ConstraintState | undefined {
  const next = state.clone();
  try {
    for (const byte of Buffer.from(text)) next.advance(byte);
    return next;
  } catch {
    return undefined;
  }
}

/** Whether a value may be written with its properties in some order; undefined where there are too many to try. */
function accepts(constraint: Constraint, value: unknown): boolean | undefined {
  const MOST_TRIES = 5_000;
  let tries = 0;
  function write(state: ConstraintState, value: unknown, then: (state: ConstraintState) => boolean): boolean {
    if (++tries > MOST_TRIES) return false;
    if (typeof value !== 'object' || value === null) {
      const next = after(state, JSON.stringify(value));
      return next !== undefined && then(next);
    }
    const [open, close] = Array.isArray(value) ? '[]' : '{}';
    const start = after(state, open);
    if (!start) return false;
    const end = (state: ConstraintState): boolean => {
      const next = after(state, close);
      return next !== undefined && then(next);
    };
    if (Array.isArray(value)) {
      const from = (state: ConstraintState, i: number): boolean => {
        if (i === value.length) return end(state);
        const next = i === 0 ? state : after(state, ',');
        return next !== undefined && write(next, value[i], state => from(state, i + 1));
      };
      return from(start, 0);
    }
    const from = (state: ConstraintState, left: [string, unknown][], isFirst: boolean): boolean => {
      if (left.length === 0) return end(state);
      return left.some(([name, one], i) => {
        const next = after(state, `${isFirst ? '' : ','}${JSON.stringify(name)}:`);
        return next !== undefined && write(next, one, state => from(state, left.toSpliced(i, 1), false));
      });
    };
    return from(start, Object.entries(value), true);
  }
  const isWritten = write(constraint.start(), value, state => {
    try {
      state.advance(END);
      return true;
    } catch {
      return false;
    }
  });
  return isWritten || tries <= MOST_TRIES ? isWritten : undefined;
}

async function run(title: string, cases: Iterable<Case>): Promise<void> {
  const times: number[] = [];
  const work: number[] = [];
  const refused = new Map<string, number>();
  let [all, compiled, wrongAccepts, wrongRejects, right, undecided, most] = [0, 0, 0, 0, 0, 0, 0];
  for (const { name, schema, documents, tests } of cases) {
    all++;
    // What is weakly referred to goes between two turns of the event loop only, as between two requests.
    await new Promise(resolve => setImmediate(resolve));
    let constraint: Constraint;
    const began = performance.now();
    const before = process.cpuUsage();
    const measure = (): void => {
      times.push(performance.now() - began);
      const { user, system } = process.cpuUsage(before);
      work.push((user + system) / 1000);
    };
    try {
      constraint = compileJsonSchema(schema, vocabulary, { documents });
      compiled++;
    } catch (error) {
      measure();
      const { code, message } = error as { code?: string; message: string };
      // What nothing can follow is known at once, and is right where the suite has nothing that follows it.
      if (code === 'TSLM_UNSATISFIABLE' && tests.length > 0 && !tests.some(({ valid }) => valid)) {
        compiled++;
        continue;
      }
      const kind = message
        .replace(/at #[^ ]*/, 'at …')
        .replace(/\d+/g, 'n')
        .slice(0, 90);
      refused.set(kind, (refused.get(kind) ?? 0) + 1);
      if (folders.show) console.log(`refused  ${name}: ${code === undefined ? (error as Error).stack : message}`);
      continue;
    }
    measure();
    if (folders.show && times.at(-1)! > 300) console.log(`slow     ${name}: ${times.at(-1)!.toFixed(0)} ms`);
    for (const { description, data, valid } of tests) {
      let is: boolean | undefined;
      try {
        is = accepts(constraint, data);
      } catch (error) {
        console.log(`failed   ${name}: ${(error as Error).message}`);
        continue;
      }
      if (is === undefined) undecided++;
      else if (is === valid) right++;
      else if (is) wrongAccepts++;
      else wrongRejects++;
      if (is !== undefined && is !== valid && folders.show) {
        console.log(
          `${is ? 'accepts' : 'rejects'}  ${name}: ${description}: ${JSON.stringify(data).slice(0, 300)} ${JSON.stringify(schema).slice(0, 400)}`,
        );
      }
    }
    most = Math.max(most, constraint.bytes);
  }
  const sorted = (list: number[]): number[] => list.sort((a, b) => a - b);
  const quantileOf =
    (list: readonly number[]) =>
    (q: number): string =>
      `${(list[Math.floor(q * (list.length - 1))] ?? 0).toFixed(1)} ms`;
  const quantile = quantileOf(sorted(times));
  const ofWork = quantileOf(sorted(work));
  console.log(`${title}: ${compiled} of ${all} compile (${((100 * compiled) / all).toFixed(1)}%)`);
  console.log(
    `  texts: ${right} right, ${wrongAccepts} wrong accepts, ${wrongRejects} wrong rejects, ${undecided} with too many orders`,
  );
  console.log(
    `  compile time: p50 ${quantile(0.5)}, p99 ${quantile(0.99)}, most ${quantile(1)}; largest ${(most / 2 ** 20).toFixed(1)} MB; rss ${Math.round(process.memoryUsage.rss() / 2 ** 20)} MB`,
  );
  // Of the processor, all threads of V8 included: what remains of it where others use the machine too.
  console.log(`  processor time: p50 ${ofWork(0.5)}, p99 ${ofWork(0.99)}, most ${ofWork(1)}`);
  for (const [kind, count] of [...refused].sort((a, b) => b[1] - a[1]).slice(0, 25))
    console.log(`  ${count} × ${kind}`);
}

if (folders.suite) await run('JSON-Schema-Test-Suite, drafts 2020-12 and 7', ofSuite(folders.suite));
if (folders.bench) await run('JSONSchemaBench', ofSchemas(folders.bench));
if (folders.masked) await run('JSONSchemaBench with texts (MaskBench)', ofMaskBench(folders.masked));
if (folders.store) await run('SchemaStore', ofStore(folders.store));
