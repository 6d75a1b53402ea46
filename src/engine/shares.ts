/**
 * Whose turn it is. Places are shared evenly between clients, and each client's between its requests, so that one large request
 * leaves room to all others (max-min fairness).
 */
import type { Owner } from './protocol.ts';

/** What comes without an owner is a client of its own. */
export const NOBODY: Owner = { client: '', request: '' };

export interface Shares<T> {
  /**
   * Who is to get the next place: of each client the first item of the request with the fewest places. The client with the fewest
   * comes first.
   */
  candidates(items: readonly T[]): T[];
  /** The last item of the request with the most places, of the client with the most; `among` leaves some out. */
  richest(among?: (item: T) => boolean): T | undefined;
  /** How many places more `rich` has than `poor`: its client, or where they have the same one, its request. */
  surplus(rich: T, poor: T): number;
}

/** @param placed the items that have a place */
export function sharesOf<T>(placed: readonly T[], ownerOf: (item: T) => Owner): Shares<T> {
  const clients = new Map<string, { places: number; requests: Map<string, number> }>();
  for (const item of placed) {
    const { client, request } = ownerOf(item);
    const one = clients.get(client) ?? { places: 0, requests: new Map<string, number>() };
    clients.set(client, one);
    one.places++;
    one.requests.set(request, (one.requests.get(request) ?? 0) + 1);
  }
  const ofClient = (item: T): number => clients.get(ownerOf(item).client)?.places ?? 0;
  const ofRequest = (item: T): number => {
    const { client, request } = ownerOf(item);
    return clients.get(client)?.requests.get(request) ?? 0;
  };
  const compare = (a: T, b: T): number => ofClient(a) - ofClient(b) || ofRequest(a) - ofRequest(b);

  return {
    candidates(items) {
      const best = new Map<string, T>();
      for (const item of items) {
        const { client } = ownerOf(item);
        const other = best.get(client);
        if (other === undefined || ofRequest(item) < ofRequest(other)) best.set(client, item);
      }
      return [...best.values()].sort(compare);
    },
    richest: (among = () => true) =>
      placed
        .filter(among)
        .reduce<T | undefined>((best, item) => (best && compare(item, best) < 0 ? best : item), undefined),
    surplus: (rich, poor) =>
      ownerOf(rich).client === ownerOf(poor).client
        ? ofRequest(rich) - ofRequest(poor)
        : ofClient(rich) - ofClient(poor),
  };
}

/** Shares `room` among demands: nobody gets more than it asks for, and what one leaves the others get. */
export function divide(room: number, demands: readonly number[]): number[] {
  const result = demands.map(() => 0);
  const order = [...demands.keys()].sort((a, b) => demands[a] - demands[b]);
  let left = room;
  for (const [i, index] of order.entries()) {
    // Rounded up: where there is less room than demands, the smallest are served.
    result[index] = Math.min(demands[index], Math.ceil(left / (order.length - i)));
    left -= result[index];
  }
  return result;
}

/** `divide` among clients, among the requests of each, and in the order of the items within a request. */
export function divideFairly<T>(
  room: number,
  items: readonly T[],
  { ownerOf, demandOf }: { ownerOf: (item: T) => Owner; demandOf: (item: T) => number },
): Map<T, number> {
  const result = new Map<T, number>();
  const sum = (some: readonly T[]): number => some.reduce((total, item) => total + demandOf(item), 0);
  const split = (groups: readonly T[][], left: number, give: (group: readonly T[], room: number) => void): void => {
    const parts = divide(left, groups.map(sum));
    for (const [i, group] of groups.entries()) give(group, parts[i]);
  };
  const inOrder = (group: readonly T[], left: number): void => {
    for (const item of group) {
      const part = Math.min(left, demandOf(item));
      result.set(item, part);
      left -= part;
    }
  };
  split(
    grouped(items, item => ownerOf(item).client),
    room,
    (ofClient, forClient) =>
      split(
        grouped(ofClient, item => ownerOf(item).request),
        forClient,
        inOrder,
      ),
  );
  return result;
}

function grouped<T>(items: readonly T[], keyOf: (item: T) => string): T[][] {
  const groups = new Map<string, T[]>();
  for (const item of items) {
    const key = keyOf(item);
    const group = groups.get(key);
    if (group) group.push(item);
    else groups.set(key, [item]);
  }
  return [...groups.values()];
}
