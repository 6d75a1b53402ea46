/** A queue in which clients take turns, and within each client its requests; within a request what came first goes first. */
import type { Owner } from './protocol.ts';

export interface Turns<T> {
  readonly length: number;
  push(item: T, owner: Owner): void;
  /** Back to where it was taken from: it goes on at the next turn of its request. */
  unshift(item: T, owner: Owner): void;
  shift(): { item: T; owner: Owner } | undefined;
  /** Takes out what nobody wants any more. */
  remove(isUnwanted: (item: T) => boolean): void;
}

export function createTurns<T>(): Turns<T> {
  // Who is first in these maps is next; whoever had a turn goes to the end.
  const clients = new Map<string, Map<string, T[]>>();
  let length = 0;
  const listOf = ({ client, request }: Owner): T[] => {
    const requests = clients.get(client) ?? new Map<string, T[]>();
    clients.set(client, requests);
    const list = requests.get(request) ?? [];
    requests.set(request, list);
    return list;
  };
  const last = <V>(map: Map<string, V>, key: string, value: V, isEmpty: boolean): void => {
    map.delete(key);
    if (!isEmpty) map.set(key, value);
  };
  return {
    get length() {
      return length;
    },
    push(item, owner) {
      listOf(owner).push(item);
      length++;
    },
    unshift(item, owner) {
      listOf(owner).unshift(item);
      length++;
    },
    shift() {
      for (const [client, requests] of clients) {
        for (const [request, list] of requests) {
          const item = list.shift()!;
          length--;
          last(requests, request, list, list.length === 0);
          last(clients, client, requests, requests.size === 0);
          return { item, owner: { client, request } };
        }
      }
      return undefined;
    },
    remove(isUnwanted) {
      for (const [client, requests] of clients) {
        for (const [request, list] of requests) {
          const kept = list.filter(item => !isUnwanted(item));
          length -= list.length - kept.length;
          if (kept.length === 0) requests.delete(request);
          else requests.set(request, kept);
        }
        if (requests.size === 0) clients.delete(client);
      }
    },
  };
}
