import type { Feed } from "../feed";
import { accounts } from "./accounts";
import { clients } from "./clients";
import { loans } from "./loans";

/** In the order in which deliveries of the same time are loaded: each refers to the one before. */
export const feeds: readonly Feed[] = [clients, accounts, loans];

export const feedNames: readonly string[] = feeds.map(({ name }) => name);

export function feedNamed(name: string): Feed | undefined {
  return feeds.find((feed) => feed.name === name);
}
