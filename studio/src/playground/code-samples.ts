/** A request as a person would write it: with curl, and with the `openai` package in TypeScript. */
import { type Mode, PATHS } from '../server/endpoints.ts';
import { EXTENSIONS, type RequestBody } from './settings.ts';

export interface SampleOptions {
  /** Of the server, without a slash at its end. */
  origin: string;
  mode: Mode;
  body: RequestBody;
  /** Whether the server asks for a key; the key itself is never shown. */
  hasKey: boolean;
}

export function curlSample({ origin, mode, body, hasKey }: SampleOptions): string {
  const lines = [
    `curl -N ${origin}${PATHS[mode]}`,
    ...(hasKey ? ['-H "Authorization: Bearer $TSLM_API_KEY"'] : []),
    "-H 'Content-Type: application/json'",
    `-d '${JSON.stringify(body, null, 2).replaceAll("'", "'\\''")}'`,
  ];
  return lines.join(' \\\n  ');
}

export function typescriptSample({ origin, mode, body, hasKey }: SampleOptions): string {
  const key = hasKey ? 'process.env.TSLM_API_KEY' : "'none'";
  const isExtended = EXTENSIONS.some(name => name in body);
  const type = mode === 'chat' ? 'ChatCompletionCreateParamsStreaming' : 'CompletionCreateParamsStreaming';
  const [method, text] =
    mode === 'chat' ? ['chat.completions', 'choices[0]?.delta.content'] : ['completions', 'choices[0]?.text'];
  const literal = objectLiteral(body);
  return [
    "import OpenAI from 'openai';",
    '',
    `const client = new OpenAI({ baseURL: '${origin}/v1', apiKey: ${key} });`,
    ...(isExtended ? [`// ${EXTENSIONS.filter(name => name in body).join(', ')}: beyond OpenAI's own parameters`] : []),
    `const stream = await client.${method}.create(${literal}${isExtended ? ` as OpenAI.${type}` : ''});`,
    `for await (const chunk of stream) process.stdout.write(chunk.${text} ?? '');`,
    '',
  ].join('\n');
}

/** JSON as people write it in TypeScript: keys without quotes, strings in single ones. */
function objectLiteral(value: unknown, indent = ''): string {
  const inner = `${indent}  `;
  if (typeof value === 'string') return quoted(value);
  if (Array.isArray(value)) {
    const items = value.map(item => objectLiteral(item, inner));
    const line = `[${items.join(', ')}]`;
    return line.length <= 80 && !line.includes('\n')
      ? line
      : `[\n${items.map(item => `${inner}${item},`).join('\n')}\n${indent}]`;
  }
  if (typeof value !== 'object' || value === null) return String(value);
  const entries = Object.entries(value).map(([key, item]) => `${key}: ${objectLiteral(item, inner)}`);
  const line = `{ ${entries.join(', ')} }`;
  const isShort = indent !== '' && line.length <= 100 && !line.includes('\n');
  return isShort ? line : `{\n${entries.map(entry => `${inner}${entry},`).join('\n')}\n${indent}}`;
}

const quoted = (text: string): string =>
  `'${JSON.stringify(text).slice(1, -1).replaceAll('\\"', '"').replaceAll("'", "\\'")}'`;
