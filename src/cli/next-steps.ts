/** `tslm` alone: what can be done next with what is in this folder. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { contentsOf, type Entry, type Kind } from '../runs/folder-contents.ts';
import { root } from '../support/root.ts';

/** Commands that go on from here, each with what it is for. */
export function nextSteps(entries: readonly Entry[], isSetUp: boolean): [command: string, what: string][] {
  if (!isSetUp) return [['tslm setup', 'find libtorch and build the bridge to it']];
  const latest = (kind: Kind): string | undefined => entries.find(entry => entry.kind === kind)?.path;
  const [corpus, model, run] = [latest('corpus'), latest('model'), latest('run')];
  const unfinished = entries.find(({ kind, about }) => kind === 'run' && isUnfinished(about))?.path;
  const steps: [string, string][] = [];
  if (unfinished) steps.push([`tslm resume ${unfinished}`, 'go on with this training']);
  const ready = run ?? model;
  if (ready) {
    steps.push([`tslm generate ${ready} --prompt "..."`, 'continue a text']);
    if (model) steps.push([`tslm chat ${model}`, 'talk to it, if it is a chat model']);
    steps.push([`tslm serve ${ready}`, "OpenAI's API, and a page in the browser"]);
    if (corpus) steps.push([`tslm evaluate ${ready} --data ${corpus} --split test`, 'measure it']);
    steps.push([`tslm finetune ${ready} --data ROWS.csv`, 'teach it a task']);
  }
  if (corpus && !run) {
    steps.push([`tslm train RECIPE --set data.corpus=${corpus}`, 'train a model; `tslm recipes list` has recipes']);
  }
  if (!corpus) steps.push(['tslm prepare FOLDER --out corpora/NAME', 'make a corpus of your texts']);
  if (!ready) {
    steps.push(['tslm quickstart', 'every stage once, in about six minutes']);
    steps.push(['tslm pull Qwen/Qwen3-0.6B', 'or begin with a model of the hub']);
  }
  return steps;
}

function isUnfinished(about: string): boolean {
  const [, step, steps] = about.match(/^step (\d+) of (\d+)/) ?? [];
  return steps !== undefined && Number(step) < Number(steps);
}

export function printNextSteps(): void {
  const isSetUp = existsSync(join(root, 'build', 'tslm.node'));
  const steps = nextSteps(contentsOf(), isSetUp);
  const width = Math.max(...steps.map(([command]) => command.length));
  process.stdout.write('Next in this folder:\n\n');
  for (const [command, what] of steps) process.stdout.write(`  ${command.padEnd(width)}   ${what}\n`);
  process.stdout.write('\n`tslm list` shows what is here, `tslm --help` every command.\n');
}
