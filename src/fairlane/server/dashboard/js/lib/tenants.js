// Tenants in the orders that the API offers, and how long they wait.
import { get } from "./api.js";

/** The orders of `GET /tenants?sort=`, and their names. A tenant without what an order measures is left out. */
export const ORDERS = [
  ["pending", "Most pending"],
  ["oldest", "Longest wait"],
  ["running", "Most running"],
  ["failing", "Most failures"],
  ["blocked", "Blocked"],
];

export const rankedTenants = (sort, { limit, prefix, signal }) =>
  get("/tenants", { signal, query: { sort, prefix, limit } });

/** {half, most}: how long the oldest pending job of half of the tenants, and of 95 % of them, has waited. */
export function waitsOf(tenants) {
  const waits = tenants
    .map(({ oldestWaitSeconds }) => oldestWaitSeconds)
    .filter((wait) => wait !== null)
    .toSorted((a, b) => a - b);
  const at = (share) => waits[Math.max(0, Math.ceil(waits.length * share) - 1)] ?? null;
  return { half: at(0.5), most: at(0.95) };
}
