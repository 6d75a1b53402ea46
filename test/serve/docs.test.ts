/** The documentation of the server says what its schemas say. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { RequestError } from '../../src/engine/request-error.ts';
import { ENDPOINTS } from '../../src/serve/http/endpoints/all.ts';
import { answerOf, STATUSES } from '../../src/serve/http/errors.ts';
import { loadSchema } from '../../src/serve/http/schemas/models.ts';

interface Node {
  type?: string;
  anyOf?: Node[];
  oneOf?: Node[];
  description?: string;
}

const typeOf = ({ type, anyOf, oneOf }: Node): string =>
  type ?? [...new Set((anyOf ?? oneOf)?.map(typeOf))].join(' or ');

function table(schema: z.ZodObject): string {
  const { properties = {}, required = [] } = z.toJSONSchema(schema, { io: 'input' });
  const rows = Object.entries(properties as Record<string, Node>).map(([name, node]) => {
    const mark = required.includes(name) ? ', required' : '';
    return `| \`${name}\` | ${typeOf(node)}${mark} | ${node.description ?? ''} |`;
  });
  return ['| | | |', '| --- | --- | --- |', ...rows].join('\n');
}

describe('docs/SERVING-PARAMETERS.md', () => {
  it('lists every parameter (`npx vitest run test/serve/docs.test.ts -u` writes it anew)', async () => {
    const posts = [...ENDPOINTS, { path: '/v1/models', summary: 'loads a model or an adapter', schema: loadSchema }];
    const sections = posts.map(
      ({ path, summary, schema }) => `## \`POST ${path}\`\n\n${summary}\n\n${table(schema)}\n`,
    );
    const page = `# Parameters\n\nOf the endpoints of [SERVING.md](SERVING.md); made from their schemas.\n\n${sections.join('\n')}`;
    await expect(page).toMatchFileSnapshot('../../docs/SERVING-PARAMETERS.md');
  });

  it('describes every one', () => {
    expect(ENDPOINTS.length).toBeGreaterThan(5);
    for (const { path, schema } of ENDPOINTS) {
      const { properties = {} } = z.toJSONSchema(schema, { io: 'input' });
      for (const [name, node] of Object.entries(properties as Record<string, Node>)) {
        expect(node.description, `${path} ${name}`).toBeDefined();
      }
    }
  });
});

describe('docs/SERVING.md', () => {
  const page = readFileSync('docs/SERVING.md', 'utf8');

  it('lists every endpoint', () => {
    for (const { path, summary } of ENDPOINTS) expect(page).toContain(`| \`POST ${path}\` | ${summary} |`);
  });

  it('lists every status with its codes', () => {
    expect(Object.keys(STATUSES).length).toBeGreaterThan(10);
    for (const [name, status] of Object.entries(STATUSES)) {
      const { code } = answerOf(new RequestError(name, '')).body.error;
      const row = page.split('\n').find(line => line.startsWith(`| ${status} |`));
      expect(row, `${status} ${code}`).toContain(`\`${code}\``);
    }
  });
});
