/**
 * Models of this machine for the Vercel AI SDK: `generateText`, `streamText`, `generateObject`, `embed` and what builds on
 * them, with no server. The models follow version 3 of its provider specification, which its majors 6 and 7 take.
 */
export { createTslm, type TslmOptions, type TslmProvider } from './provider.ts';
