// Writes src/torch/ops.ts: TypeScript signatures for the operators listed in operators.txt, from libtorch's schemas.
// Arguments without a default are positional; those with one go into an options object. Needs a built bridge.
// Another file to write may be given as argument.
import { readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';

const here = name => fileURLToPath(new URL(name, import.meta.url));
const native = createRequire(import.meta.url)(here('../build/tslm.node'));
native.setBuffer(new Float64Array(1024));

const camel = name => name.replace(/([a-z0-9])_([a-z0-9])/gi, (_, a, b) => a + b.toUpperCase());
const words = new Set(['default', 'in', 'var', 'with', 'function']);
const safe = name => (words.has(name) ? `${name}_` : name);
// Arguments that belong to libtorch's internals, and always keep their defaults.
const hidden = new Set(['layout', 'pin_memory', 'cudnn_enable', 'sparse_grad', 'out_int32', 'memory_format']);
// A number may stand for these tensors, as in PyTorch.
const numbersToo = new Set(['other', 'exponent']);

function typeOf(kind, argument, { optional }) {
  const base = {
    Tensor: numbersToo.has(argument) ? 'Tensor | number' : 'Tensor',
    Scalar: 'number | boolean',
    int: argument === 'dtype' ? 'DType' : 'number',
    float: 'number',
    bool: 'boolean',
    str: 'string',
    Device: 'Device',
    Generator: 'Generator',
    'Tensor[]': 'readonly Tensor[]',
    'int[]': 'readonly number[] | number',
    'float[]': 'readonly number[]',
    'Scalar[]': 'readonly number[]',
    'bool[]': 'readonly boolean[]',
  }[kind];
  if (!base) throw new Error(`no TypeScript type for ${kind}`);
  return optional ? `${base} | null` : base;
}

/** Splits `a(Tensor self, int[2] x=[1, 2]) -> Tensor` at the commas between arguments. */
function splitArguments(schema) {
  const list = schema.slice(schema.indexOf('(') + 1, schema.lastIndexOf(') ->'));
  const parts = [];
  let depth = 0;
  let start = 0;
  for (let i = 0; i <= list.length; i++) {
    if ('([{'.includes(list[i])) depth++;
    else if (')]}'.includes(list[i])) depth--;
    if (i === list.length || (list[i] === ',' && depth === 0)) {
      parts.push(list.slice(start, i).trim());
      start = i + 1;
    }
  }
  return parts.filter(part => part && part !== '*');
}

function returnType(schema) {
  const text = schema
    .slice(schema.lastIndexOf(') ->') + 4)
    .trim()
    .replace(/\([a-z!*| ->]+\)/g, '');
  if (text === '()') return 'void';
  const one = part => {
    const type = part.trim().split(' ')[0];
    return { Tensor: 'Tensor', 'Tensor[]': 'Tensor[]', bool: 'boolean', int: 'number', float: 'number' }[type];
  };
  if (!text.startsWith('(')) return one(text);
  return `[${text.slice(1, -1).split(',').map(one).join(', ')}]`;
}

function emit(line, isMethod) {
  const [full, alias] = line.split('->').map(part => part.trim());
  const [name, overload = ''] = full.split('.');
  const info = native.resolveOperator(`aten::${name}`, overload);
  if (!info) throw new Error(`libtorch has no operator ${full}`);
  const texts = splitArguments(info.schema);
  const all = info.names.map((argument, i) => {
    const [declaration, defaultValue] = texts[i].split('=');
    return {
      argument,
      name: safe(camel(argument)),
      type: typeOf(info.kinds[i], argument, { optional: declaration.includes('?') && !declaration.includes('?[]') }),
      hasDefault: defaultValue !== undefined || (declaration.includes('?') && !declaration.includes('?[]')),
      element: declaration.includes('?[]'),
    };
  });
  for (const entry of all) if (entry.element) entry.type = 'readonly (Tensor | null)[]';
  const shown = all.filter(({ argument }) => !hidden.has(argument));
  const self = isMethod ? shown[0] : undefined;
  // `dim` of a reduction is positional even where it may be left out: x.sum(), x.sum([-1]).
  const isPositional = a => !a.hasDefault || (a.argument === 'dim' && !/argm|slice|squeeze/.test(name));
  const positional = shown.filter(a => a !== self && isPositional(a));
  const optional = shown.filter(a => a !== self && !isPositional(a));
  const id = `$${safe(camel(alias ?? name))}`;
  const parameters = positional.map(a => (a.hasDefault ? `${a.name}?: ${a.type}` : `${a.name}: ${a.type}`));
  if (optional.length) {
    parameters.push(`options: { ${optional.map(a => `${a.name}?: ${a.type}`).join('; ')} } = {}`);
  }
  const values = shown.map(a => (a === self ? 'this' : isPositional(a) ? a.name : `options.${a.name}`));
  const declaration = `const ${id} = operator('aten::${full}', [${shown.map(a => `'${a.argument}'`).join(', ')}]);`;
  const doc = `/** \`${info.schema.replace(/^aten::/, '').replaceAll('*/', '* /')}\` */`;
  const result = returnType(info.schema);
  const signature = `${safe(camel(alias ?? name))}(${parameters.join(', ')}): ${result}`;
  const invocation = `call(${id}, [${values.join(', ')}])`;
  const body = result === 'void' ? `${invocation};` : `return ${invocation} as ${result};`;
  return {
    declaration,
    code: isMethod ? `${doc}\n${signature} { ${body} }` : `${doc}\nexport function ${signature} { ${body} }`,
  };
}

const sections = { methods: [], functions: [] };
let section;
for (const line of readFileSync(here('operators.txt'), 'utf8').split('\n')) {
  if (line.startsWith('[')) section = line.slice(1, -1);
  else if (line.trim() && !line.startsWith('#')) sections[section].push(emit(line.trim(), section === 'methods'));
}

const output = `// Generated by scripts/generate-ops.mjs from scripts/operators.txt: do not edit.
/** libtorch's operators as methods of Tensor and as functions, named and typed by their schemas. */
import { call } from './call.ts';
import type { DType } from './dtype.ts';
import type { Generator } from './generator.ts';
import { TensorHandle } from './handle.ts';
import { operator } from './operator.ts';
import type { Device, Tensor } from './tensor.ts';

${[...sections.methods, ...sections.functions].map(({ declaration }) => declaration).join('\n')}

/** The methods that Tensor inherits. */
export abstract class TensorMethods extends TensorHandle {
${sections.methods.map(({ code }) => code).join('\n\n')}
}

${sections.functions.map(({ code }) => code).join('\n\n')}
`;
writeFileSync(process.argv[2] ?? here('../src/torch/ops.ts'), output);
