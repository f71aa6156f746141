// One job, as the API tells it and as it changes.
import { at, get } from "./api.js";
import { parseTree } from "./json.js";
import { useEffect, useRef, useState } from "./ui.js";

const AGAIN_MS = 1000;

export const ENDED = ["completed", "failed", "cancelled"];
export const hasEnded = (job) => ENDED.includes(job.state);

/** What may be done with a job in each state. */
export const ACTIONS_OF = {
  scheduled: ["cancel"],
  pending: ["cancel"],
  running: ["cancel"],
  completed: ["delete"],
  failed: ["retry", "delete"],
  cancelled: ["delete"],
};

/** A job of its JSON text, with `payload` and `result` as JSON text themselves, so that no digit is lost. */
export function readJob(text) {
  const job = JSON.parse(text);
  const parts = new Map(parseTree(text).entries);
  const source = (name) => text.slice(parts.get(name).start, parts.get(name).end);
  return { ...job, payload: source("payload"), result: job.state === "completed" ? source("result") : null };
}

export const getJob = (id, signal) => get(at`/jobs/${id}`, { signal, read: readJob });

/** A job, kept up to date: {job, error, reload}. By its events, or where these are not to be had by asking again. */
export function useJob(id) {
  const [state, setState] = useState({ job: null, error: null });
  const feed = useRef();
  useEffect(() => {
    setState({ job: null, error: null });
    feed.current = new Feed(id, (job) => setState({ job, error: null }), (error) => setState((old) => ({ ...old, error })));
    return () => feed.current.stop();
  }, [id]);
  return { ...state, reload: () => feed.current.start() };
}

class Feed {
  constructor(id, onJob, onError) {
    this.id = id;
    this.onJob = onJob;
    this.onError = onError;
    this.seen = () => (document.hidden ? this.pause() : this.start());
    document.addEventListener("visibilitychange", this.seen);
    this.start();
  }

  async start() {
    this.pause();
    const reading = (this.reading = new AbortController());
    try {
      const job = await getJob(this.id, reading.signal);
      if (reading.signal.aborted) return;
      this.onJob(job);
      if (!hasEnded(job)) this.listen();
    } catch (error) {
      if (reading.signal.aborted) return;
      this.onError(error);
      if (error.status !== 404) this.later();
    }
  }

  listen() {
    const events = (this.events = new EventSource(at`/jobs/${this.id}/events`));
    events.addEventListener("job", ({ data }) => {
      const job = readJob(data);
      this.onJob(job);
      if (hasEnded(job)) events.close();
    });
    events.addEventListener("error", () => {
      if (events.readyState === EventSource.CLOSED) this.later();
    });
  }

  later() {
    this.timer = setTimeout(() => this.start(), AGAIN_MS);
  }

  pause() {
    clearTimeout(this.timer);
    this.reading?.abort();
    this.events?.close();
  }

  stop() {
    this.pause();
    document.removeEventListener("visibilitychange", this.seen);
  }
}
