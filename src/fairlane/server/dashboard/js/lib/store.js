// What all pages know of the system. Kept up to date by stream.js; pages only read.
import { computed, signal } from "./ui.js";

/** The last GET /overview (or event of that name): {at, counters, states, queues, workers}; null before the first. */
export const overview = signal(null);

/** How it is kept up to date: "connecting", "live", "polling", "offline" (no answer) or "paused" (hidden tab). */
export const connection = signal("connecting");

/** The last jobs that changed: {jobs: [{id, tenantId, queue, task, state}], more}; `more`: and others, which are not listed. */
export const changes = signal(null);

/** Rises whenever changes may have been missed, so that all that is shown must be read again. */
export const resets = signal(0);

/** The error of the last attempt to reach the server, if it failed. */
export const failure = signal(null);

const tick = signal(Date.now());
const skew = signal(0);

/** The server's present time in ms, moving once a second. */
export const now = computed(() => tick.value + skew.value);

/** Take in an overview. Its time tells how far the browser's clock is off. */
export function accept(fresh) {
  const off = new Date(fresh.at).getTime() - Date.now();
  skew.value = Math.abs(off) < 2000 ? 0 : off;
  overview.value = fresh;
  failure.value = null;
}

export function startClock() {
  setInterval(() => {
    if (!document.hidden) tick.value = Date.now();
  }, 1000);
  document.addEventListener("visibilitychange", () => (tick.value = Date.now()));
}
