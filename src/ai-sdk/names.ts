/** What the SDK calls us, in logs and in `providerOptions`. */
export const PROVIDER = 'tslm';
