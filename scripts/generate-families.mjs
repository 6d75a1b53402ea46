/** Writes docs/FAMILIES.md: what each family makes of each key of config.json. Run after `npm run build`. */
import { writeFileSync } from 'node:fs';
import { families } from '../dist/models/families/index.js';
import { familiesTable } from '../dist/models/families-table.js';

writeFileSync(new URL('../docs/FAMILIES.md', import.meta.url), familiesTable(families));
