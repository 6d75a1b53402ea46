/** Templates with variables: `{{ name }}`, which is what prompt files have of Jinja in most cases. */

const VARIABLE = /\{\{\s*([A-Za-z_]\w*)\s*\}\}/g;

/** Names in the order in which they first come. */
export const variablesOf = (template: string): string[] => [
  ...new Set([...template.matchAll(VARIABLE)].map(([, name]) => name)),
];

export const fillIn = (template: string, values: Readonly<Record<string, string>>): string =>
  template.replace(VARIABLE, (_, name: string) => values[name] ?? '');
