// The filter of the jobs page. It is in the address, so that people can send a listing to others.
import * as check from "../../lib/parameters.js";
import { setQuery } from "../../lib/router.js";

/** The tabs: the state that each lists, and its name. */
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

export const NAMES = { tenantId: "Tenant", queue: "Queue", task: "Task", key: "Key", tag: "Tag", batchId: "Batch" };
/** Names in the address. */
export const WRITTEN = { tenantId: "tenant", queue: "queue", task: "task", key: "key", tag: "tag", batchId: "batch" };

export const AGES = {
  "15m": [900, "the last 15 minutes"],
  "1h": [3600, "the last hour"],
  "24h": [86400, "the last 24 hours"],
  "7d": [604800, "the last 7 days"],
};

const time = (value, query) =>
  query.has("created") ? "Give either “created”, or “from” and “to”." : check.time(value);

/** The parameters of the address. */
export const PARAMETERS = {
  state: check.oneOf(...STATES),
  tenant: check.name,
  queue: check.name,
  task: check.name,
  key: check.key,
  tag: check.tag,
  batch: check.batchId,
  created: check.oneOf(...Object.keys(AGES)),
  from: time,
  to: time,
};

/** {state, tenantId, queue, task, key, tag, batchId, created, from, to} of the address; a parameter that is not given is "". */
export function filterOf(query) {
  const filter = { state: query.get("state") ?? "all" };
  for (const [name, written] of Object.entries(WRITTEN)) filter[name] = query.get(written) ?? "";
  for (const name of ["created", "from", "to"]) filter[name] = query.get(name) ?? "";
  return filter;
}

export function changeFilter(changes) {
  const written = Object.entries(changes).map(([name, value]) => [WRITTEN[name] ?? name, value]);
  setQuery(Object.fromEntries(written), { replace: false });
}

/** The filter as the API takes it. Ages count back from `now` (ms). */
export function apiFilter({ state, tenantId, queue, task, key, tag, batchId, created, from, to }, now) {
  const instant = (text) => text && new Date(text).toISOString();
  const asked = {
    state: state === "all" ? "" : state,
    tenantId,
    queue,
    task,
    key,
    tag,
    batchId,
    createdFrom: created ? new Date(now - AGES[created][0] * 1000).toISOString() : instant(from),
    createdTo: instant(to),
  };
  return Object.fromEntries(Object.entries(asked).filter(([, value]) => value));
}

/** The filters that are set: [[changes that remove it, words]]. */
export function chipsOf(filter, dateTime) {
  const chips = Object.entries(NAMES)
    .filter(([name]) => filter[name])
    .map(([name, words]) => [{ [name]: "" }, `${words} ${filter[name]}`]);
  if (filter.created) chips.push([{ created: "" }, `Submitted in ${AGES[filter.created][1]}`]);
  if (filter.from) chips.push([{ from: "" }, `Submitted since ${dateTime(filter.from)}`]);
  if (filter.to) chips.push([{ to: "" }, `Submitted before ${dateTime(filter.to)}`]);
  return chips;
}
