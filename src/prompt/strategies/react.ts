/**
 * ReAct (Yao et al. 2022, arXiv:2210.03629): thoughts, calls of tools and what they answer take turns, until the model calls
 * finish[answer]. A text that calls nothing is told so; a tool that throws or hangs is told of.
 */
import { z } from 'zod';
import type { PromptText } from '../completer.ts';
import type { Problem } from '../program/problem.ts';
import { draw, strategy } from './strategy.ts';
import { callTool, type Tool } from './tools.ts';

const options = z.strictObject({
  mostSteps: z.int().positive().default(8),
  stepTokens: z.int().positive().default(128),
  /** Tools by name: `calculate`, `search`; default all that there are. */
  tools: z.array(z.string()).optional(),
  /** Passages for `search`, or a text file with one a line. */
  passages: z.array(z.string()).optional(),
});

const ACTION = /Action:\s*([\w-]+)\s*\[([\s\S]*?)\]\s*$/m;

export const react = strategy({
  about: 'thoughts and calls of tools in turns (Yao et al. 2022)',
  options,
  async run(problem, { mostSteps, stepTokens, tools: wanted }, session) {
    const tools = session.tools.filter(({ name }) => wanted === undefined || wanted.includes(name));
    const prompt = withTools(problem, tools);
    let written = '';
    let tokens = 0;
    for (let step = 0; step < mostSteps; step++) {
      const prefill = `${written}Thought:`;
      const stop = ['\nObservation:', 'Observation:'];
      const [part] = await draw(problem, session, { prompt, prefill, maxTokens: stepTokens, stop });
      tokens += part.tokens;
      const said = part.text.slice(written.length);
      const action = ACTION.exec(said);
      written = `${written}${action ? said.slice(0, action.index + action[0].length).trimEnd() : said.trimEnd()}\n`;
      if (action?.[1].toLowerCase() === 'finish') {
        const answer = problem.parse(action[2]);
        session.end({ text: written, answer, tokens });
        return { answer };
      }
      const observed = action
        ? await callTool(tools, action[1], action[2].trim(), session.signal)
        : 'No action. Write Action: name[input], or Action: finish[answer].';
      session.note(`${action?.[1] ?? 'nothing'}[${action?.[2] ?? ''}] → ${observed}`);
      written += `Observation: ${observed}\n`;
    }
    // Nothing was finished: what was thought may hold an answer all the same.
    const answer = problem.parse(written.replace(/^Observation:.*$/gm, ''));
    session.end({ text: written, answer, tokens });
    return { answer };
  },
});

function withTools({ prompt }: Problem, tools: readonly Tool[]): PromptText {
  const list = tools.map(({ name, description }) => `- ${name}[input]: ${description}`).join('\n');
  const told = `Answer the question by turns of Thought, Action and Observation. Actions are:\n${list}\n- finish[answer]: the answer\n\n`;
  if (typeof prompt === 'string') return `${told}${prompt}\n`;
  const system = prompt[0]?.role === 'system' ? `${String(prompt[0].content)}\n\n` : '';
  const rest = system === '' ? prompt : prompt.slice(1);
  return [{ role: 'system', content: system + told.trimEnd() }, ...rest];
}
