// Which jobs are listed: kept in the address, so that a listing can be sent to others.
import { setQuery } from "../../lib/router.js";

/** The tabs: what they are called, and the state that they list ("all": every one). */
export const TABS = [
  ["all", "All"],
  ["pending", "Pending"],
  ["running", "Running"],
  ["scheduled", "Scheduled"],
  ["completed", "Completed"],
  ["failed", "Dead letters"],
  ["cancelled", "Cancelled"],
];
const STATES = TABS.map(([state]) => state);

export const NAMES = { tenantId: "Tenant", queue: "Queue", task: "Task", key: "Key" };
/** As it is written in the search and in the address: tenant:acme. */
const WRITTEN = { tenantId: "tenant", queue: "queue", task: "task", key: "key" };

export const AGES = {
  "15m": [900, "the last 15 minutes"],
  "1h": [3600, "the last hour"],
  "24h": [86400, "the last 24 hours"],
  "7d": [604800, "the last 7 days"],
};
const JOB_ID = /^[0-9a-f]{26}$/;

/** {state, tenantId, queue, task, key, created, from, to} of the address; what is not asked for is "". */
export function filterOf(query) {
  const filter = { state: STATES.includes(query.get("state")) ? query.get("state") : "all" };
  for (const [name, written] of Object.entries(WRITTEN)) filter[name] = query.get(written) ?? "";
  for (const name of ["created", "from", "to"]) filter[name] = query.get(name) ?? "";
  if (!Object.hasOwn(AGES, filter.created)) filter.created = "";
  return filter;
}

export function changeFilter(changes) {
  const written = Object.entries(changes).map(([name, value]) => [WRITTEN[name] ?? name, value]);
  setQuery(Object.fromEntries(written), { replace: false });
}

/** The filter as the API takes it. Ages count back from `now` (ms). */
export function apiFilter({ state, tenantId, queue, task, key, created, from, to }, now) {
  const instant = (text) => (Number.isNaN(Date.parse(text)) ? undefined : new Date(text).toISOString());
  const asked = {
    state: state === "all" ? "" : state,
    tenantId,
    queue,
    task,
    key,
    createdFrom: created ? new Date(now - AGES[created][0] * 1000).toISOString() : instant(from),
    createdTo: created ? undefined : instant(to),
  };
  return Object.fromEntries(Object.entries(asked).filter(([, value]) => value));
}

/** What narrows the listing, in words: [[changes that take it away, words]]. */
export function chipsOf(filter, dateTime) {
  const chips = Object.entries(NAMES)
    .filter(([name]) => filter[name])
    .map(([name, words]) => [{ [name]: "" }, `${words} ${filter[name]}`]);
  if (filter.created) chips.push([{ created: "" }, `Submitted in ${AGES[filter.created][1]}`]);
  else {
    if (Date.parse(filter.from)) chips.push([{ from: "" }, `Submitted since ${dateTime(filter.from)}`]);
    if (Date.parse(filter.to)) chips.push([{ to: "" }, `Submitted before ${dateTime(filter.to)}`]);
  }
  return chips;
}

/** What a last word without a name may mean, each way spelled out. */
export function waysToSearch(text) {
  const [, before, word] = /^(|.*\s)([^\s:]+)$/.exec(text) ?? [];
  if (!word || JOB_ID.test(word.toLowerCase())) return [];
  return Object.values(WRITTEN).map((written) => `${before}${written}:${word}`);
}

/** What was searched for: {id} of one job, or {changes} of the filter. A word alone is a tenant. */
export function readSearch(text) {
  const words = text.trim().split(/\s+/).filter(Boolean);
  if (words.length === 1 && JOB_ID.test(words[0].toLowerCase())) return { id: words[0].toLowerCase() };
  const changes = {};
  for (const word of words) {
    const [, written, value] = /^(tenant|queue|task|key):(.+)$/.exec(word) ?? [null, "tenant", word];
    changes[Object.keys(WRITTEN).find((name) => WRITTEN[name] === written)] = value;
  }
  return { changes };
}
