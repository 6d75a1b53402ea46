/** All filters of Jinja by name; `tojson` as Transformers has it is in `json.ts`. */
import type { Filter } from './filter.ts';
import { HTML_FILTERS } from './html.ts';
import { htmlJson } from './json.ts';
import { NUMBER_FILTERS } from './numbers.ts';
import { pprint } from './pprint.ts';
import { SELECT_FILTERS } from './select.ts';
import { SEQUENCE_FILTERS } from './sequences.ts';
import { TEXT_FILTERS } from './text.ts';
import { wordwrap } from './wordwrap.ts';

export const FILTERS: Record<string, Filter> = {
  ...TEXT_FILTERS,
  ...SEQUENCE_FILTERS,
  ...SELECT_FILTERS,
  ...NUMBER_FILTERS,
  ...HTML_FILTERS,
  pprint,
  wordwrap,
  tojson: htmlJson,
};
