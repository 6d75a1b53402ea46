/// <reference lib="esnext.disposable" preserve="true" />
/// <reference types="node" preserve="true" />
/** `tslm/prompt`: prompts as data and programs, over a model of one's own or any server, with strategies of reasoning. */

export type { Completer, CompletionRequest } from '../prompt/completer.ts';
export { openLocalCompleter } from '../prompt/completers/local.ts';
export { type Script, scriptedCompleter } from '../prompt/completers/scripted.ts';
export { openServedCompleter } from '../prompt/completers/served.ts';
export { openPrompt } from '../prompt/open-prompt.ts';
export { readPromptFile } from '../prompt/program/prompt-file.ts';
export { definePrompt, type Prompt } from '../prompt/program/signature.ts';
export { chooseStrategy, runStrategy, type StrategyResult } from '../prompt/strategies/run-strategy.ts';
