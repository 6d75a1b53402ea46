/** Where defaults of options come from: files in a documented order, and variables of the environment (docs/CONFIGURATION.md). */
import { existsSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { namingFile, usageError } from '../../support/errors.ts';

/** Values of options, by command and option: `{ serve: { port: 9000 } }`. */
export interface Layer {
  /** As messages and `tslm config show` call it. */
  name: string;
  values: Readonly<Record<string, unknown>>;
}

export interface Places {
  /** The folder that the command runs in. */
  cwd?: string;
  env?: NodeJS.ProcessEnv;
}

/** `$XDG_CONFIG_HOME/tslm/config.yaml`, else below `~/.config` */
const userFile = (env: NodeJS.ProcessEnv): string =>
  join(env.XDG_CONFIG_HOME || join(homedir(), '.config'), 'tslm', 'config.yaml');

/** Files that are looked for, the first that names an option wins. */
export const configFiles = ({
  cwd = process.cwd(),
  env = process.env,
}: Places = {}): { path: string; name: string }[] => [
  { path: join(cwd, 'tslm.yaml'), name: 'tslm.yaml' },
  { path: join(cwd, 'package.json'), name: 'package.json' },
  { path: userFile(env), name: userFile(env) },
];

/**
 * What those files that are there say.
 *
 * @throws UserError for a file that is no YAML, or holds no keys
 */
export async function configLayers(places: Places = {}): Promise<Layer[]> {
  const layers: Layer[] = [];
  for (const { path, name } of configFiles(places)) {
    if (!existsSync(path)) continue;
    const values = name === 'package.json' ? packageConfig(path) : await yamlOf(path, name);
    if (values !== undefined) layers.push({ name, values: requireKeys(values, name) });
  }
  return layers;
}

/** The key `tslm`; a package.json of another shape is not ours to judge. */
function packageConfig(path: string): unknown {
  try {
    return (JSON.parse(readFileSync(path, 'utf8')) as { tslm?: unknown } | null)?.tslm;
  } catch {
    return undefined;
  }
}

async function yamlOf(path: string, name: string): Promise<unknown> {
  const { parseYaml } = await import('../../support/yaml.ts'); // most commands find no such file
  const text = namingFile(path, () => readFileSync(path, 'utf8'));
  return parseYaml(text, name, 'correct it, or move it away') ?? {};
}

function requireKeys(values: unknown, name: string): Record<string, unknown> {
  if (typeof values === 'object' && values !== null && !Array.isArray(values)) return values as Record<string, unknown>;
  throw usageError('TSLM_BAD_CONFIG', `${name}: commands are expected, each with its options`, 'serve: { port: 9000 }');
}
