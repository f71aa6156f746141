// Keeps the store of signals up to date while the tab is seen.
import { get } from "./api.js";
import { accept, connection, failure } from "./store.js";

const POLL_MS = 2000;
let timer;

async function poll() {
  clearTimeout(timer);
  if (document.hidden) return;
  try {
    accept(await readOverview());
    connection.value = "polling";
  } catch (error) {
    failure.value = error;
    connection.value = "offline";
  }
  timer = setTimeout(poll, POLL_MS);
}

async function readOverview() {
  const [counters, { queues }, { workers }] = await Promise.all([get("/jobs/metrics"), get("/queues"), get("/workers")]);
  const sum = (list, field) => list.reduce((total, one) => total + one[field], 0);
  const states = { pending: sum(queues, "pending"), running: sum(workers, "running") };
  return { at: new Date().toISOString(), counters, states, queues, workers };
}

export function startStream() {
  document.addEventListener("visibilitychange", () => {
    if (document.hidden) connection.value = "paused";
    else poll();
  });
  poll();
}
