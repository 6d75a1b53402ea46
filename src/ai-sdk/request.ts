/** The SDK's call options as a request to an engine; what cannot be done becomes a warning. */
import type { LanguageModelV3CallOptions, SharedV3Warning } from '@ai-sdk/provider';
import { z } from 'zod';
import type { ConstraintRequest, GenerationRequest, ModelCard, Prompt } from '../engine/protocol.ts';
import { samplingOptions } from '../generate/config/sampling-options.ts';
import { usageError } from '../support/errors.ts';
import { parseOptions } from '../support/schema.ts';
import { chatMessages, plainText } from './messages.ts';
import { PROVIDER } from './names.ts';
import { callableTools, callConstraint, type FunctionTool, templateTool, type Warn } from './tools.ts';

/** `providerOptions.tslm`: settings that the SDK has no words for. */
const optionsSchema = z.strictObject({
  /** Name of a loaded adapter. */
  adapter: z.string().optional(),
  minP: samplingOptions.minP.optional(),
  repetitionPenalty: samplingOptions.repetitionPenalty.optional(),
  logitBias: samplingOptions.logitBias.optional(),
  minTokens: z.int().nonnegative().optional(),
  ignoreEos: z.boolean().optional(),
  /** Variables of the chat template, such as `enable_thinking`. */
  variables: z.record(z.string(), z.unknown()).optional(),
  /** In place of `responseFormat`. */
  regex: z.string().optional(),
  grammar: z.string().optional(),
});

type OwnOptions = z.output<typeof optionsSchema>;

export interface PlannedCall {
  request: GenerationRequest;
  warnings: SharedV3Warning[];
  /** Functions that the model may call. */
  tools: readonly FunctionTool[];
  /** The text is constrained to calls and is nothing else. */
  isCall: boolean;
}

/** @throws UserError for messages that the model cannot read, and unknown options in `providerOptions.tslm` */
export function planCall(options: LanguageModelV3CallOptions, card: ModelCard): PlannedCall {
  const own = parseOptions(optionsSchema, options.providerOptions?.[PROVIDER] ?? {}, `providerOptions.${PROVIDER}`);
  const warnings: SharedV3Warning[] = [];
  const warn: Warn = (feature, details) => warnings.push({ type: 'unsupported', feature, details });
  const tools = callableTools(options, card, warn);
  const calling = callConstraint(options, tools);
  const format = formatConstraint(options.responseFormat, own, warn);
  if (format && tools.length > 0)
    warn('responseFormat', 'the text is not constrained to it while functions may be called');
  const request: GenerationRequest = {
    prompt: promptOf(options, card, tools, own, warn),
    sampling: {
      temperature: options.temperature,
      topP: options.topP,
      topK: options.topK,
      seed: options.seed,
      presencePenalty: options.presencePenalty,
      frequencyPenalty: options.frequencyPenalty,
      minP: own.minP,
      repetitionPenalty: own.repetitionPenalty,
      logitBias: own.logitBias,
    },
    maxTokens: options.maxOutputTokens,
    stop: options.stopSequences,
    adapter: own.adapter,
    minTokens: own.minTokens,
    ignoreEos: own.ignoreEos,
    constraint: tools.length > 0 ? calling : format,
  };
  return { request, warnings, tools, isCall: calling !== undefined };
}

function promptOf(
  { prompt }: LanguageModelV3CallOptions,
  { hasChatTemplate }: ModelCard,
  tools: readonly FunctionTool[],
  { variables }: OwnOptions,
  warn: Warn,
): Prompt {
  if (!hasChatTemplate) {
    if (variables) warn('providerOptions.tslm.variables', 'the model has no chat template');
    return { text: plainText(prompt) };
  }
  const messages = chatMessages(prompt);
  const last = messages.at(-1);
  return {
    messages,
    tools: tools.length > 0 ? tools.map(templateTool) : undefined,
    variables,
    continueFinalMessage: last?.role === 'assistant' && last.tool_calls === undefined,
  };
}

function formatConstraint(
  format: LanguageModelV3CallOptions['responseFormat'],
  { regex, grammar }: OwnOptions,
  warn: Warn,
): ConstraintRequest | undefined {
  const asked: ConstraintRequest[] = [];
  if (format?.type === 'json') {
    const { schema, name, description } = format;
    asked.push(schema === undefined ? { kind: 'json' } : { kind: 'jsonSchema', schema });
    for (const [key, given] of Object.entries({ name, description })) {
      if (given !== undefined) warn(`responseFormat.${key}`, 'the model is shown no more than the prompt');
    }
  }
  if (regex !== undefined) asked.push({ kind: 'regex', pattern: regex });
  if (grammar !== undefined) asked.push({ kind: 'grammar', grammar });
  if (asked.length <= 1) return asked[0];
  throw usageError(
    'TSLM_CONTRADICTION',
    "a text cannot follow more than one of 'responseFormat', 'regex' and 'grammar'",
    'leave out all but one',
  );
}
