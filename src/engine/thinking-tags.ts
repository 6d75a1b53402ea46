/** What a model's thoughts stand between. */

export interface ThinkingTags {
  open: string;
  close: string;
}

/** The tags that a chat template knows; undefined where its model does not think. */
export const thinkingTagsOf = (template: unknown): ThinkingTags | undefined =>
  JSON.stringify(template ?? '').includes('</think>') ? { open: '<think>', close: '</think>' } : undefined;
