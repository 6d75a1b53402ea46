/** What the compiled declarations of the package export, and which types they mention. */
import { readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';

/** A declaration, by the file that has it. */
export type Name = `${string}#${string}`;

interface Declarations {
  /** Local names of what is imported or exported again. */
  imported: Map<string, Name>;
  exported: Map<string, Name>;
  /** Files of which everything is exported again. */
  stars: string[];
  texts: Map<string, string>;
}

const files = new Map<string, Declarations>();
const nameOf = (file: string, name: string): Name => `${file}#${name}`;
const targetOf = (file: string, path: string): string =>
  path.startsWith('.') ? normalize(join(dirname(file), path.replace(/\.[jt]s$/, '.d.ts'))) : path;

/** `A, type B as C` */
const listed = (list: string): [from: string, to: string][] =>
  list
    .split(',')
    .map(part => part.trim().replace(/^type /, ''))
    .filter(part => part !== '')
    .map(part => {
      const [from, to = from] = part.split(/\s+as\s+/);
      return [from, to];
    });

const withoutComments = (text: string): string => text.replace(/\/\*[\s\S]*?\*\//g, '').replace(/^\s*\/\/.*$/gm, '');

function read(file: string): Declarations {
  const known = files.get(file);
  if (known) return known;
  const found: Declarations = { imported: new Map(), exported: new Map(), stars: [], texts: new Map() };
  files.set(file, found);
  // A statement begins at the beginning of a line.
  for (const statement of withoutComments(readFileSync(file, 'utf8')).split(/\n(?=[a-z@])/)) {
    const from = statement.match(/from\s+["']([^"']+)["'];?\s*$/)?.[1];
    const list = statement.match(/^(import|export)(?: type)?\s+(?:\w+,?\s*)?\{([\s\S]*?)\}/);
    if (/^export \* from/.test(statement)) found.stars.push(targetOf(file, from!));
    else if (list && (from !== undefined || /^export(?: type)?\s*\{/.test(statement))) {
      for (const [source, local] of listed(list[2])) {
        const target = from === undefined ? nameOf(file, source) : nameOf(targetOf(file, from), source);
        (list[1] === 'import' ? found.imported : found.exported).set(local, target);
      }
    } else {
      const declared = statement.match(
        /^(export )?(?:default )?(?:declare )?(?:abstract )?(?:class|interface|type|function\*?|const|enum|let)\s+([\w$]+)/,
      );
      if (!declared) continue;
      const [, isExported, name] = declared;
      found.texts.set(name, `${found.texts.get(name) ?? ''}\n${statement}`);
      if (isExported) found.exported.set(name, nameOf(file, name));
    }
  }
  return found;
}

/** Where a name is declared, behind all that exports it again; undefined for what other packages declare. */
function declarationOf(name: Name): Name | undefined {
  const [file, local] = name.split('#');
  if (!file.endsWith('.d.ts')) return undefined;
  const { imported, exported, texts, stars } = read(file);
  if (texts.has(local)) return name;
  const next = [exported.get(local), imported.get(local)].find(target => target !== undefined && target !== name);
  if (next) return declarationOf(next);
  return stars.map(star => declarationOf(nameOf(star, local))).find(found => found !== undefined);
}

/** Names that a file exports, with where they are declared. */
export function exportsOf(file: string): Map<string, Name> {
  const { exported, stars } = read(file);
  const all = new Map<string, Name>();
  for (const star of stars) for (const [name, target] of exportsOf(star)) all.set(name, target);
  for (const [name, target] of exported) {
    const declared = declarationOf(target);
    if (declared) all.set(name, declared);
  }
  return all;
}

/** The project's own types that a declaration mentions. */
export function mentionedBy(name: Name): Name[] {
  const [file, local] = name.split('#');
  const { imported, exported, texts } = read(file);
  // What is said of private members, and between quotes, mentions nothing.
  const text = texts
    .get(local)!
    .replace(/(["'`])(?:\\.|(?!\1).)*\1/g, quoted => (/^.\.\.?\//.test(quoted) ? quoted : ''));
  const words = new Set([...text.matchAll(/(?<![.\w$]|\btypeof )([A-Z][\w$]*)\b(?!\??:)/g)].map(([, word]) => word));
  words.delete(local);
  // The names that a declaration gives to its own type parameters.
  for (const [, list] of text.matchAll(/<((?:[^<>]|<[^<>]*>)*)>(?=\s*(?:\(|=|\{|extends|implements))/g)) {
    for (const [, parameter] of list.matchAll(/(?:^|,)\s*(?:const\s+|in\s+|out\s+)?([A-Z]\w*)\s*(?=$|,|extends|=)/g))
      words.delete(parameter);
  }
  const inline = [...text.matchAll(/import\("([^"]+)"\)\.(\w+)/g)].map(([, path, type]) =>
    declarationOf(nameOf(targetOf(file, path), type)),
  );
  const own = [...words].flatMap(word => {
    // What a file does not export is shorthand in it: what that mentions counts.
    if (texts.has(word)) return exported.has(word) ? [nameOf(file, word)] : mentionedBy(nameOf(file, word));
    const target = imported.get(word);
    return [target && declarationOf(target)];
  });
  return [...own, ...inline].filter(found => found !== undefined);
}
