// Tenants in orders that the API does not offer. Reads up to a bound, and sorts here.
import { get } from "./api.js";

const PAGE = 100;
const MOST = 500;

const blocked = ({ paused, blockedBy, submitRate, submitRateUsed }) =>
  Number(paused || blockedBy !== null) + Number(submitRate !== null && submitRateUsed >= submitRate.limit);

/** The measure of each order. Tenants with the most come first. */
export const ORDERS = {
  busy: ({ pending, running }) => pending + running,
  waiting: ({ oldestWaitSeconds }) => oldestWaitSeconds ?? -1,
  failing: ({ failed }) => failed,
  blocked,
};

/** {tenants, read, more}: the first `count` in an order, how many were compared, and whether others were not read. */
export async function topTenants(order, { count, prefix, signal }) {
  const tenants = [];
  let cursor;
  do {
    const page = await get("/tenants", { signal, query: { prefix, cursor, limit: PAGE } });
    tenants.push(...page.tenants);
    cursor = page.nextCursor;
  } while (cursor && tenants.length < MOST);
  const measure = ORDERS[order];
  const ordered = tenants.toSorted((a, b) => measure(b) - measure(a) || b.pending - a.pending);
  return { tenants: ordered.slice(0, count), read: tenants.length, more: Boolean(cursor) };
}
