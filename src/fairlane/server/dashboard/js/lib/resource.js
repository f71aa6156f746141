// Data of the API, kept fresh while the page is visible.
import { activity, resets } from "./store.js";
import { effect, untracked, useEffect, useRef, useState } from "./ui.js";

const PACE_MS = 1000; // between two readings, at least
const IDLE_MS = 15_000; // without any event, for values that change with time

/**
 * Reads by `load(signal)` now, whenever one of `inputs` changes, and (with `live`) whenever something happened.
 * `pace`: ms between two readings at least.
 * Gives {data, error, loading, reload, soon, put}; the last data stays while newer is read, and when that fails.
 * `soon()` reads again at that pace, `put(data)` shows what a change has answered, until the next reading.
 */
export function useResource(load, inputs, { live = true, pace = PACE_MS } = {}) {
  const [state, setState] = useState({ data: undefined, error: null, loading: true });
  const reload = useRef(() => {});
  const soon = useRef(() => {});
  useEffect(() => {
    const reader = new Reader(load, setState, { live, pace });
    reload.current = () => reader.read();
    soon.current = () => reader.readSoon(pace);
    setState((old) => ({ ...old, loading: true }));
    reader.read();
    if (!live) return () => reader.stop();
    const unsubscribe = onChange(() => reader.readSoon(pace), activity, resets);
    const seen = () => document.hidden || reader.readSoon(0);
    document.addEventListener("visibilitychange", seen);
    return () => {
      unsubscribe();
      document.removeEventListener("visibilitychange", seen);
      reader.stop();
    };
  }, inputs);
  const put = (data) => {
    setState({ data, error: null, loading: false });
    reload.current();
  };
  return { ...state, put, reload: () => reload.current(), soon: () => soon.current() };
}

/** Calls `act` when one of the signals changes, and not at once. */
function onChange(act, ...signals) {
  let first = true;
  return effect(() => {
    for (const one of signals) one.value;
    if (!first) untracked(act);
    first = false;
  });
}

class Reader {
  constructor(load, setState, { live, pace }) {
    this.load = load;
    this.setState = setState;
    this.live = live;
    this.pace = pace;
    this.stopped = new AbortController();
    this.began = 0;
    this.due = Infinity;
    this.reading = false;
  }

  async read() {
    this.cancelTimer();
    this.reading = true;
    const began = performance.now();
    this.began = began;
    let change;
    try {
      const data = await this.load(this.stopped.signal);
      change = () => ({ data, error: null, loading: false });
    } catch (error) {
      change = (old) => ({ ...old, error, loading: false });
    }
    if (this.stopped.signal.aborted || began !== this.began) return; // stopped, or overtaken by a later reading
    this.reading = false;
    this.setState(change);
    if (!this.live) return;
    const again = this.again;
    this.again = false;
    this.readSoon(again ? this.pace : IDLE_MS);
  }

  /** Reads again, at least `ms` after the last reading began. */
  readSoon(ms) {
    if (document.hidden || this.stopped.signal.aborted) return;
    if (this.reading) {
      this.again = true;
      return;
    }
    const due = Math.max(this.began + ms, performance.now());
    if (due >= this.due) return;
    this.cancelTimer();
    this.due = due;
    this.timer = setTimeout(() => this.read(), due - performance.now());
  }

  cancelTimer() {
    clearTimeout(this.timer);
    this.due = Infinity;
  }

  stop() {
    this.cancelTimer();
    this.stopped.abort();
  }
}
