/**
 * The reference of the library, from the declarations that TypeScript has written (`dist/**.d.ts`), by the compiler's own programming
 * interface: every name that a subpath exports, with its comment and its declaration.
 *
 *   node scripts/docs/api.mjs            fails, and lists them, where exports have no comment
 */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { API } from 'typescript/unstable/sync';

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

/**
 * @typedef {{ name: string, kind: string, comment: string, tags: { name: string, text: string }[], declarations: string[], file: string }} Entry
 */

/** @returns {{ subpath: string, about: string, entries: Entry[] }[]} */
export function readApi() {
  const { exports } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  const subpaths = Object.entries(exports)
    .filter(([, to]) => typeof to === 'object')
    .map(([subpath, { types }]) => ({
      subpath: subpath === '.' ? 'tslm' : `tslm/${subpath.slice(2)}`,
      file: join(root, types),
    }));
  const missing = subpaths.filter(({ file }) => !existsSync(file));
  if (missing.length > 0) throw new Error(`${missing[0].file} is not there: npm run build`);
  // A project of its own, over declarations alone.
  const folder = join(root, 'build', 'docs');
  mkdirSync(folder, { recursive: true });
  const config = join(folder, 'tsconfig.json');
  const files = subpaths.map(({ file }) => file);
  const compilerOptions = {
    target: 'es2022',
    module: 'nodenext',
    lib: ['es2023', 'esnext.disposable'],
    types: ['node'],
    strict: true,
    skipLibCheck: true,
    noEmit: true,
  };
  writeFileSync(config, JSON.stringify({ compilerOptions, files }));
  const api = new API({ cwd: root });
  try {
    const project = api.updateSnapshot({ openProjects: [config] }).getProject(config);
    return subpaths.map(({ subpath, file }) => ({
      subpath,
      about: aboutOf(file),
      entries: entriesOf(project, file).sort((a, b) => order(a) - order(b) || a.name.localeCompare(b.name, 'en')),
    }));
  } finally {
    api.close();
  }
}

/** Functions and classes, then values, then types. */
const order = ({ kind }) => ['function', 'class', 'const', 'interface', 'type'].indexOf(kind);

/** The comment that a subpath's file opens with. */
function aboutOf(file) {
  const source = readFileSync(file, 'utf8');
  const [, comment = ''] = source.match(/^(?:\/\/\/[^\n]*\n)*\s*\/\*\*([\s\S]*?)\*\//) ?? [];
  return unstarred(comment).replace(/^`tslm[\w/-]*`:\s*/, '');
}

const unstarred = comment => comment.replace(/^\s*\* ?/gm, '').trim();

function entriesOf(project, file) {
  const { program, checker } = project;
  const module = checker.getSymbolAtLocation(program.getSourceFile(file));
  return checker.getExportsOfModule(module).map(symbol => {
    const isAlias = (symbol.flags & ALIAS) !== 0;
    return entryOf(project, symbol.name, isAlias ? checker.getAliasedSymbol(symbol) : symbol);
  });
}

/** `SymbolFlags.Alias` */
const ALIAS = 1 << 21;

function entryOf(project, name, symbol) {
  const nodes = symbol.declarations.map(handle => handle.resolve(project)).filter(node => node !== undefined);
  const statements = nodes.map(statementOf);
  const [{ text, path }] = statements;
  return {
    name,
    kind: kindOf(text),
    comment: symbol.getDocumentationComment(project.checker).trim(),
    tags: symbol.getJsDocTags(project.checker).map(tag => ({ name: tag.name, text: textOf(tag.text) })),
    declarations: [...new Set(statements.map(one => declarationOf(one.text)))],
    file: sourceOf(path),
  };
}

const textOf = text => (Array.isArray(text) ? text.map(part => part.text ?? part).join('') : (text ?? ''));

/** The whole statement of a declaration: `declare const x: …` for its name and type. */
function statementOf(node) {
  let statement = node;
  while (statement.parent?.parent) statement = statement.parent;
  const file = statement.parent;
  return { text: file.text.slice(statement.pos, statement.end), path: file.fileName };
}

function kindOf(text) {
  const [, kind] =
    withoutLeadingComments(text).match(
      /^(?:export )?(?:default )?(?:declare )?(?:abstract )?(class|interface|type|function|const|let|enum)\b/,
    ) ?? [];
  return kind === 'let' || kind === 'enum' ? 'const' : (kind ?? 'const');
}

const withoutLeadingComments = text => text.replace(/^(\s|\/\*[\s\S]*?\*\/|\/\/[^\n]*\n)+/, '');

/** As it stands in the file, without what is private. */
function declarationOf(text) {
  return withoutLeadingComments(text)
    .replace(/^export (default )?/, '')
    .replace(/^declare /, '')
    .replace(/^ {4}(?:\/\*\*[\s\S]*?\*\/\n {4})?(?:#private|private [^\n]*);\n/gm, '')
    .replace(/^((?: {4})+)/gm, indent => indent.slice(indent.length / 2));
}

/** `src/nn/attention.ts`, or the package that declares it. */
function sourceOf(path) {
  const file = relative(root, path);
  return file.startsWith('dist/') ? file.replace(/^dist\//, 'src/').replace(/\.d\.ts$/, '.ts') : file;
}

/** Names that no comment explains: neither one of their own, nor, of an interface, those of its members. */
export const undocumented = api =>
  api.flatMap(({ subpath, entries }) =>
    entries.filter(entry => !isDocumented(entry)).map(({ name, kind, file }) => ({ subpath, name, kind, file })),
  );

const isDocumented = ({ comment, tags, kind, declarations }) =>
  comment !== '' ||
  tags.length > 0 ||
  (['interface', 'type', 'class'].includes(kind) && declarations.some(text => text.includes('/**')));

/** A subpath's page. */
export function apiPage({ subpath, about, entries }) {
  const sections = entries.map(({ name, kind, comment, tags, declarations, file }) => {
    const told = tags
      .filter(({ name: tag }) => ['param', 'returns', 'throws', 'example'].includes(tag))
      .map(({ name: tag, text }) =>
        tag === 'param' ? `- \`${text.split(/\s/)[0]}\`${rest(text)}` : `- *${tag}* ${text}`,
      );
    const where = file.startsWith('src/')
      ? `[${file}](${file})`
      : `\`${file.match(/node_modules\/((?:@[^/]+\/)?[^/]+)/)?.[1] ?? file}\``;
    return `## ${name}\n\n${comment}\n\n${told.join('\n')}\n\n\`\`\`ts\n${declarations.join('\n')}\n\`\`\`\n\n*${kind}*, ${where}\n`;
  });
  return `# ${subpath}\n\n${about}\n\n\`\`\`ts\nimport { … } from '${subpath}';\n\`\`\`\n\n${sections.join('\n')}`;
}

const rest = text => {
  const said = text
    .split(/\s/)
    .slice(1)
    .join(' ')
    .replace(/^[-–]\s*/, '');
  return said === '' ? '' : `: ${said}`;
};

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const api = readApi();
  const bare = undocumented(api);
  const names = api.reduce((sum, { entries }) => sum + entries.length, 0);
  console.log(`${names} exports of ${api.length} subpaths, ${bare.length} without a comment`);
  const places = new Set(bare.map(({ name, kind, file }) => `${file}: ${kind} ${name}`));
  for (const place of [...places].sort()) console.log(`  ${place}`);
  process.exitCode = bare.length > 0 ? 1 : 0;
}
