/// <reference lib="esnext.disposable" preserve="true" />
/// <reference types="node" preserve="true" />
/** `tslm/prompt`: prompts as data and programs, over a model of one's own or any server, with strategies of reasoning. */

export type {
  CompleteOptions,
  Completer,
  Completion,
  CompletionRequest,
  CompletionResult,
  ContinuationScore,
  PromptText,
} from '../prompt/completer.ts';
export type { LocalOptions } from '../prompt/completers/local.ts';
export { openLocalCompleter } from '../prompt/completers/local.ts';
export type { ScriptedCompleter, ScriptedOptions, ScriptedText } from '../prompt/completers/scripted.ts';
export { type Script, scriptedCompleter } from '../prompt/completers/scripted.ts';
export type { ServedOptions } from '../prompt/completers/served.ts';
export { openServedCompleter } from '../prompt/completers/served.ts';
export type { OpenPrompt, OpenPromptOptions } from '../prompt/open-prompt.ts';
export { openPrompt } from '../prompt/open-prompt.ts';
export type { Parsed, Parser } from '../prompt/program/parsers.ts';
export type { Generation, Problem } from '../prompt/program/problem.ts';
export type { PromptFile, PromptFileOptions } from '../prompt/program/prompt-file.ts';
export { readPromptFile } from '../prompt/program/prompt-file.ts';
export type { Fields, PromptOptions } from '../prompt/program/signature.ts';
export { definePrompt, type Prompt } from '../prompt/program/signature.ts';
export type { ChosenStrategy } from '../prompt/strategies/run-strategy.ts';
export { chooseStrategy, runStrategy, type StrategyResult } from '../prompt/strategies/run-strategy.ts';
export type { Chain, Session, SessionOptions, StrategyEvent, TokenCap, Tokens } from '../prompt/strategies/session.ts';
export type { Found, Strategy } from '../prompt/strategies/strategy.ts';
export type { Tool } from '../prompt/strategies/tools.ts';
export type { TreeNode } from '../prompt/strategies/tree-node.ts';
export type { Verifier } from '../prompt/strategies/verifier.ts';
export type { Vote } from '../prompt/strategies/votes.ts';
