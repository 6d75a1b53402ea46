/** The two ways to have a text written, and where they are asked for. */
export type Mode = 'chat' | 'completion';

export const PATHS: Record<Mode, string> = { chat: '/v1/chat/completions', completion: '/v1/completions' };
