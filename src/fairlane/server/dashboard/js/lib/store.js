// Signals that all pages read. stream.js updates them.
import { computed, signal } from "./ui.js";

/** The last answer of GET /overview: {at, counters, states, queues, workers}. Null until the first. */
export const overview = signal(null);

/** Rises when something may have changed. Pages then read what they show, at their pace. */
export const activity = signal(0);

/** "connecting", "live", "polling", "offline" (no answer) or "paused" (hidden tab). */
export const connection = signal("connecting");

/** The last jobs that changed: {jobs: [{id, tenantId, queue, task, state}], more}. `more`: other jobs changed too. */
export const changes = signal(null);

/** Rises when the tab may have missed changes. Everything shown must then be read again. */
export const resets = signal(0);

/** The error of the last call for an overview, or null. */
export const failure = signal(null);

const tick = signal(Date.now());
const skew = signal(0);

/** The server's time in ms, updated once a second. */
export const now = computed(() => tick.value + skew.value);

/** Stores an overview. Its time corrects the browser's clock. */
export function accept(fresh) {
  const off = new Date(fresh.at).getTime() - Date.now();
  skew.value = Math.abs(off) < 2000 ? 0 : off;
  overview.value = fresh;
  happened();
}

/** Notes that the API answers, and that something may have changed. */
export function happened() {
  activity.value += 1;
  failure.value = null;
}

export function startClock() {
  setInterval(() => {
    if (!document.hidden) tick.value = Date.now();
  }, 1000);
  document.addEventListener("visibilitychange", () => (tick.value = Date.now()));
}
