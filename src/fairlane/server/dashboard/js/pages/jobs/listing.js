// The rows of a listing. Loads them page by page and updates them in place. Rows never move while someone reads them.
import { at, get } from "../../lib/api.js";
import { hasEnded } from "../../lib/job.js";
import { changes, connection, now, overview, resets } from "../../lib/store.js";
import { signal } from "../../lib/ui.js";

const PAGE = 100;
const ENOUGH = 40; // rows: with as many, a reading stops
const MOST_CALLS = 25; // calls of one reading; the API looks at up to 1,000 jobs in each
const PACE_MS = 1000;
const REFRESHED = 20; // rows read again at a time

export class JobListing {
  /** `filter` as the API takes it. */
  constructor(filter) {
    this.filter = filter;
    this.rows = signal([]);
    this.loading = signal(true);
    this.error = signal(null);
    this.hasMore = signal(false);
    this.fresh = signal(0); // new matching jobs, not shown yet
    this.places = new Map(); // id → index of its row
    this.news = new Set();
    this.stale = new Set(); // ids of rows to read again
    this.stopped = new AbortController();
  }

  start() {
    const known = [changes.peek(), overview.peek(), resets.peek()];
    this.unsubscribe = [
      changes.subscribe((event) => event !== known[0] && this.take(event)),
      overview.subscribe((event) => event !== known[1] && connection.peek() !== "live" && this.compareSoon()),
      resets.subscribe((count) => count !== known[2] && this.compareSoon()),
    ];
    this.load();
  }

  stop() {
    this.stopped.abort();
    clearTimeout(this.timer);
    for (const end of this.unsubscribe) end();
  }

  /** Reads from the beginning. */
  async load() {
    this.began = now.peek();
    this.cursor = undefined;
    this.reading = null;
    await this.loadMore(true);
  }

  /** Reads on until there are ENOUGH rows or no more. */
  async loadMore(fromStart = false) {
    if (this.reading || (!fromStart && !this.cursor)) return;
    const reading = {};
    this.reading = reading;
    this.loading.value = true;
    const found = [];
    try {
      for (let calls = 0; calls < MOST_CALLS && found.length < ENOUGH; calls++) {
        const { jobs, nextCursor } = await this.page(this.cursor, PAGE);
        if (this.reading !== reading) return;
        found.push(...jobs);
        this.cursor = nextCursor;
        if (!nextCursor) break;
      }
      this.show(found, fromStart);
      this.error.value = null;
    } catch (error) {
      if (this.stopped.signal.aborted || this.reading !== reading) return;
      this.error.value = error;
    }
    this.reading = null;
    this.loading.value = false;
    this.hasMore.value = Boolean(this.cursor);
  }

  page(cursor, limit) {
    return get("/jobs", { signal: this.stopped.signal, query: { ...this.filter, limit, cursor } });
  }

  show(found, fromStart) {
    const rows = fromStart ? [] : [...this.rows.peek()];
    if (fromStart) {
      this.places.clear();
      this.news.clear();
      this.fresh.value = 0;
    }
    for (const job of found) {
      if (this.places.has(job.id)) continue;
      this.places.set(job.id, rows.length);
      this.news.delete(job.id);
      rows.push(light(job));
    }
    this.fresh.value = this.news.size;
    this.rows.value = rows;
  }

  /** Handles a `jobs` event. It lacks most fields, so shown rows are read again. Counts new matches. */
  take({ jobs, more }) {
    for (const job of jobs) {
      if (this.places.has(job.id)) this.stale.add(job.id);
      else if (!this.matches(job)) this.news.delete(job.id);
      else if (this.filter.key || this.filter.tag || this.filter.batchId)
        more = true; // an event has none of them
      else this.news.add(job.id);
    }
    this.fresh.value = this.news.size;
    if (more) this.compareSoon();
    else if (this.stale.size || this.fillsEmpty()) this.lookSoon();
  }

  /** Whether there are new jobs and no rows. Showing them then moves no row. */
  fillsEmpty() {
    return this.news.size > 0 && !this.rows.peek().length;
  }

  /** Whether a changed job that is not shown is new to this listing. */
  matches(job) {
    if (this.filter.createdTo) return false; // new jobs are later
    if (!this.filter.state && madeAt(job.id) < this.began) return false; // it may be further down
    return ["state", "tenantId", "queue", "task"].every(
      (name) => !this.filter[name] || this.filter[name] === job[name],
    );
  }

  patch(patches) {
    if (!patches.size) return;
    const rows = [...this.rows.peek()];
    for (const [id, changed] of patches) {
      const place = this.places.get(id);
      if (place !== undefined) rows[place] = { ...rows[place], ...changed };
    }
    this.rows.value = rows;
  }

  compareSoon() {
    this.mustCompare = true;
    this.lookSoon();
  }

  lookSoon() {
    if (this.timer || document.hidden) return;
    this.timer = setTimeout(() => this.look(), PACE_MS);
  }

  /** Compares the first page with the rows, and reads stale rows again. */
  async look() {
    const ids = [...this.stale].slice(0, REFRESHED);
    for (const id of ids) this.stale.delete(id);
    try {
      const patches = new Map();
      if (this.mustCompare && !this.reading) {
        this.mustCompare = false;
        await this.compare(patches);
      }
      for (const job of await Promise.all(ids.map((id) => this.again(id)))) patches.set(job.id, job);
      this.patch(patches);
      if (this.fillsEmpty() && !this.reading) await this.load();
    } catch {
      if (this.stopped.signal.aborted) return;
      for (const id of ids) this.stale.add(id); // the shell says that the server does not answer; try again later
    }
    this.timer = null;
    if (this.stale.size) this.lookSoon();
  }

  async compare(patches) {
    const { jobs, nextCursor } = await this.page(undefined, PAGE);
    const present = new Set();
    for (const job of jobs) {
      present.add(job.id);
      if (this.places.has(job.id)) patches.set(job.id, light(job));
      else this.news.add(job.id);
    }
    // A job that left the first page has changed, and may change until it ends.
    const rows = this.rows.peek();
    for (let i = 0; i < Math.min(nextCursor ? PAGE - this.news.size : PAGE, rows.length); i++) {
      if (!present.has(rows[i].id) && !rows[i].gone && (rows[i].state === this.filter.state || !hasEnded(rows[i])))
        this.stale.add(rows[i].id);
    }
    this.fresh.value = this.news.size;
  }

  async again(id) {
    try {
      return light(await get(at`/jobs/${id}`, { signal: this.stopped.signal }));
    } catch (error) {
      if (error.status === 404) return { id, gone: true };
      throw error;
    }
  }
}

/** When a job was made (ms): part of its id. */
const madeAt = (id) => parseInt(id.slice(2, 13), 16);

/** A row without the large fields, which only the job's page shows. */
function light({ payload, result, headers, attempts, error, ...job }) {
  return { ...job, error: error && { type: error.type, message: error.message } };
}
