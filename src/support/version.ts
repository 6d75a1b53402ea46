/** Which version of tslm this is. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './root.ts';

const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string };

/** The version of tslm, from package.json. */
export const { version } = manifest;
