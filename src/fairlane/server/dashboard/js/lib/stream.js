// Updates the signals of store.js while the tab is visible: by one stream of events, or by polling without one.
import { get } from "./api.js";
import { base } from "./base.js";
import { ownTenant } from "./session.js";
import { accept, changes, connection, failure, happened, resets } from "./store.js";

const POLL_MS = 2000;
const REOPEN_MS = 3000; // browsers wait as long before they open a stream again
let source;
let polling;
let reopening;
let fallback;
let opened = 0;

function open() {
  clearTimeout(reopening);
  clearTimeout(fallback);
  source?.close();
  source = new EventSource(`${base}/events`);
  fallback = setTimeout(poll, REOPEN_MS); // a proxy may hold the stream back
  source.onopen = () => {
    clearTimeout(fallback);
    stopPolling();
    connection.value = "live";
    failure.value = null;
    if (opened++) resets.value += 1; // another process may answer now, and it cannot resume
  };
  source.onerror = () => {
    clearTimeout(fallback);
    if (connection.value === "live") connection.value = "connecting";
    poll();
    if (source.readyState === EventSource.CLOSED) reopening = setTimeout(open, REOPEN_MS);
  };
  source.addEventListener("overview", (event) => accept(JSON.parse(event.data)));
  source.addEventListener("jobs", (event) => {
    changes.value = JSON.parse(event.data);
    if (ownTenant() !== null) happened(); // its stream has no overviews
  });
  source.addEventListener("reset", () => (resets.value += 1));
}

async function poll() {
  stopPolling();
  const mine = {};
  polling = mine;
  try {
    const fresh = await get(ownTenant() === null ? "/overview" : "/jobs/counts");
    if (polling !== mine) return;
    if (ownTenant() === null) accept(fresh);
    else happened();
    connection.value = "polling";
  } catch (error) {
    if (polling !== mine) return;
    failure.value = error;
    connection.value = "offline";
  }
  mine.timer = setTimeout(poll, POLL_MS);
}

function stopPolling() {
  clearTimeout(polling?.timer);
  polling = undefined;
}

function close() {
  clearTimeout(reopening);
  clearTimeout(fallback);
  stopPolling();
  source?.close();
  source = undefined;
  connection.value = "paused";
}

export function startStream() {
  document.addEventListener("visibilitychange", () => (document.hidden ? close() : open()));
  if (document.hidden) connection.value = "paused";
  else open();
}
