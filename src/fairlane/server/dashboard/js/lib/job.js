// One job, kept up to date.
import { at, get } from "./api.js";
import { parseTree } from "./json.js";
import { useResource } from "./resource.js";
import { changes } from "./store.js";
import { useEffect, useState } from "./ui.js";

const PACE_MS = 250; // the stream sends at this pace

const ENDED = ["completed", "failed", "cancelled"];
export const hasEnded = (job) => ENDED.includes(job.state);

/** The actions that each state allows. */
export const ACTIONS_OF = {
  scheduled: ["cancel"],
  pending: ["cancel"],
  running: ["cancel"],
  completed: ["delete"],
  failed: ["retry", "delete"],
  cancelled: ["delete"],
};

/** Parses a job, but keeps `payload` and `result` as JSON text, so that no digit is lost. */
function readJob(text) {
  const job = JSON.parse(text);
  const parts = new Map(parseTree(text).entries);
  const source = (name) => text.slice(parts.get(name).start, parts.get(name).end);
  return { ...job, payload: source("payload"), result: job.state === "completed" ? source("result") : null };
}

export const getJob = (id, signal) => get(at`/jobs/${id}`, { signal, read: readJob });

/**
 * A job, kept up to date until it has ended: {job, error, reload}. It follows the tab's one stream, which names each job
 * that changes. A second stream would cost a connection, and browsers allow few to a server, for all windows together.
 */
export function useJob(id) {
  const [ended, setEnded] = useState(false);
  const {
    data: job,
    error,
    reload,
    soon,
  } = useResource((signal) => getJob(id, signal), [id, ended], { live: !ended, pace: PACE_MS });
  useEffect(() => {
    if (job) setEnded(hasEnded(job));
  }, [job]);
  useEffect(() => {
    if (ended) return undefined;
    const known = changes.peek();
    return changes.subscribe((news) => news !== known && news.jobs.some((one) => one.id === id) && soon());
  }, [id, ended]);
  return { job: job ?? null, error, reload };
}
