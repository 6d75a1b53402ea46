/** `tslm inspect MODEL`: what a model is made of, before anything is loaded; what lies in a corpus. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { Command } from 'commander';
import type { ModelMemory, ModelTree } from '../models/inspect.ts';
import { formatBytes, formatCount } from '../support/format.ts';
import { inspectCorpus, isCorpus } from './inspect-corpus.ts';
import { printJson, printTable } from './print.ts';

export function inspectCommand(): Command {
  return new Command('inspect')
    .description('show the architecture, its sizes and its memory')
    .argument('<model>', 'folder of a model, a run or a corpus, or the name of a model that was pulled')
    .option('--json', 'print everything as JSON')
    .addHelpText('after', '\nExample:\n  $ tslm inspect runs/quickstart\n')
    .action(async (name: string, { json }: { json?: boolean }) => {
      if (isCorpus(name)) return await inspectCorpus(name, { json });
      const { describeModel, modelFolder } = await import('../models/auto.ts');
      const { matchCheckpoint } = await import('../models/checkpoint/keys.ts');
      const { modelMemory, modelTree } = await import('../models/inspect.ts');
      const folder = modelFolder(name);
      const { model, checkpoint } = describeModel(folder);
      const tree = modelTree(model);
      const memory = modelMemory(model, checkpoint);
      const match = checkpoint && matchCheckpoint(model, checkpoint);
      const keys = match && { missing: match.missing.map(({ key }) => key), unexpected: match.unexpected };
      const tokenizer = await tokenizerFacts(folder);
      const { family, task, config } = model;
      const context = Number.isFinite(model.maxPositions) ? model.maxPositions : undefined;
      const facts = { folder, family: family.modelType, task, parameters: tree.parameters, context };
      if (json) {
        printJson({ ...facts, memory, checkpoint: keys, tokenizer, tree, config });
        return;
      }
      process.stdout.write(`${treeLines(tree).join('\n')}\n\n`);
      printTable([
        ['family', `${family.modelType}, ${task}`],
        ['weights', `${formatCount(tree.parameters)} (${tree.parameters.toLocaleString('en')})`],
        ['context', context === undefined ? 'no limit' : `${context.toLocaleString('en')} tokens`],
        ...memoryRows(memory),
        ...keyRows(keys),
        ['tokenizer', tokenizer ? tokenizer.summary : 'none in this folder'],
      ]);
    });
}

async function tokenizerFacts(folder: string) {
  if (!existsSync(join(folder, 'tokenizer.json'))) return undefined;
  const { Tokenizer } = await import('../tokenizers/tokenizer.ts');
  const { inspectTokenizer } = await import('../tokenizers/inspect.ts');
  const { vocabSize, components, specialTokens } = inspectTokenizer(Tokenizer.fromFile(folder));
  const special = Object.entries(specialTokens).map(([name, { content, id }]) => `${name} ${content} (${id})`);
  const summary = [`${components.model}, ${vocabSize.toLocaleString('en')} tokens`, ...special].join('; ');
  return { vocabSize, components, specialTokens, summary };
}

/** The tree with lines in front, and shapes and numbers of weights in columns. */
function treeLines(tree: ModelTree): string[] {
  const rows: [left: string, shapes: string, parameters: string][] = [];
  const walk = (node: ModelTree, before: string, below: string): void => {
    const own = Object.entries(node.shapes).map(([name, shape]) => `${name} [${shape.join(', ')}]`);
    const times = node.count > 1 ? `${node.count} × ` : '';
    rows.push([`${before}${node.name}  ${node.kind}`, own.join(' '), times + node.parameters.toLocaleString('en')]);
    for (const [i, child] of node.children.entries()) {
      const isLast = i === node.children.length - 1;
      walk(child, `${below}${isLast ? '└─ ' : '├─ '}`, `${below}${isLast ? '   ' : '│  '}`);
    }
  };
  walk(tree, '', '');
  const [left, middle, right] = [0, 1, 2].map(column => Math.max(...rows.map(row => row[column].length)));
  return rows.map(([a, b, c]) => `${a.padEnd(left)}  ${b.padEnd(middle)}  ${c.padStart(right)}`);
}

/** Where checkpoint and architecture differ. */
function keyRows(keys: { missing: string[]; unexpected: string[] } | undefined): [string, string][] {
  const rows = [
    ['not in the checkpoint', keys?.missing ?? []],
    ['of no use here', keys?.unexpected ?? []],
  ] as const;
  return rows.filter(([, names]) => names.length > 0).map(([what, names]) => [what, names.join(', ')]);
}

function memoryRows(memory: ModelMemory): [string, string][] {
  const { stored, weights, cachePerToken, cacheFull, training } = memory;
  const rows: [string, string][] = [];
  if (stored !== undefined) rows.push(['on disk', formatBytes(stored)]);
  rows.push(['to run', `${formatBytes(weights.float32)} in float32, ${formatBytes(weights.bfloat16)} in bfloat16`]);
  if (cachePerToken !== undefined) {
    const full = cacheFull === undefined ? '' : `, ${formatBytes(cacheFull)} for a full context`;
    rows.push(['to generate', `${formatBytes(cachePerToken)} more for each token${full}`]);
  }
  rows.push(['to train', `${formatBytes(training)} for weights, gradients and AdamW; activations come on top`]);
  return rows;
}
