/** Pages by the part of the address after `#`, which every server serves alike: `#/runs/quickstart`. */

export const PAGES = [
  'playground',
  'reasoning',
  'inside',
  'runs',
  'evaluations',
  'sweeps',
  'models',
  'learning',
  'jobs',
] as const;
export type PageName = (typeof PAGES)[number];

interface Route {
  /** Undefined for an address that no page has. */
  page: PageName | undefined;
  /** Of a run or model. */
  id?: string;
}

const current = $state<{ route: Route }>({ route: read(location.hash) });

addEventListener('hashchange', () => {
  current.route = read(location.hash);
});

export const router = {
  get route(): Route {
    return current.route;
  },
};

export const addressOf = (page: PageName, id?: string): string =>
  id === undefined ? `#/${page}` : `#/${page}/${encodeURIComponent(id)}`;

function read(hash: string): Route {
  const [page, id] = hash.replace(/^#\/?/, '').split('/');
  const known = page === '' ? 'playground' : PAGES.find(name => name === page);
  return { page: known, id: id ? decoded(id) : undefined };
}

/** As it is where it was not encoded rightly. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
