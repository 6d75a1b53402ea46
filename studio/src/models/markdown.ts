/**
 * Cards are Markdown (CommonMark). What they are made of is shown as such: headings, paragraphs, lists, tables, code and
 * the facts in front. Everything else stays the text that it is, and nothing of it ever becomes HTML.
 */
export type Block =
  | { type: 'heading'; level: number; text: string }
  | { type: 'paragraph'; text: string }
  | { type: 'list'; items: string[] }
  | { type: 'code'; text: string }
  | { type: 'table'; head: string[]; rows: string[][] };

export function blocksOf(source: string): Block[] {
  const lines = withoutFrontMatter(source).split(/\r?\n/);
  const blocks: Block[] = [];
  let i = 0;
  /** Lines from here on that pass, joined to one block. */
  const take = (passes: (line: string) => boolean): string[] => {
    const start = i;
    while (i < lines.length && passes(lines[i])) i++;
    return lines.slice(start, i);
  };
  while (i < lines.length) {
    const line = lines[i];
    const heading = line.match(/^(#{1,6})\s+(.*?)\s*#*$/);
    if (line.trim() === '' || /^<!--.*-->$/.test(line.trim())) i++;
    else if (/^\s*```/.test(line)) {
      i++;
      blocks.push({ type: 'code', text: take(next => !/^\s*```/.test(next)).join('\n') });
      i++;
    } else if (heading) {
      blocks.push({ type: 'heading', level: heading[1].length, text: plain(heading[2]) });
      i++;
    } else if (isTable(line) && /^[\s|:-]+$/.test(lines[i + 1] ?? '')) {
      const [head, , ...rows] = take(isTable).map(cells);
      blocks.push({ type: 'table', head, rows });
    } else if (LIST.test(line)) {
      const items = take(next => LIST.test(next) || /^\s+\S/.test(next));
      blocks.push({ type: 'list', items: joinItems(items) });
    } else {
      const paragraph = take(next => next.trim() !== '' && !/^#{1,6}\s|^\s*```/.test(next) && !LIST.test(next));
      blocks.push({ type: 'paragraph', text: plain(paragraph.join(' ')) });
    }
  }
  return blocks;
}

const LIST = /^\s*(?:[-*+]|\d+[.)])\s+/;

const isTable = (line: string): boolean => line.trim().startsWith('|');

const cells = (line: string): string[] =>
  line
    .trim()
    .replace(/^\||\|$/g, '')
    .split('|')
    .map(cell => plain(cell.trim()));

const joinItems = (lines: readonly string[]): string[] =>
  lines
    .reduce<string[]>((items, line) => {
      if (LIST.test(line)) items.push(line.replace(LIST, ''));
      else items.push(`${items.pop() ?? ''} ${line.trim()}`);
      return items;
    }, [])
    .map(plain);

/** YAML between two lines of dashes, which hubs read. */
const withoutFrontMatter = (source: string): string => source.replace(/^---\r?\n[\s\S]*?\r?\n---\r?\n/, '');

/** Text without the marks inside a line; of a link its text and where it leads. */
const plain = (text: string): string =>
  text
    .replace(/!?\[([^\]]*)\]\(([^)\s]+)[^)]*\)/g, (_, shown: string, address: string) =>
      shown === '' || shown === address || address.startsWith('#') ? shown || address : `${shown} (${address})`,
    )
    .replace(/(\*\*|__)(.+?)\1/g, '$2')
    .replace(/`([^`]+)`/g, '$1');
