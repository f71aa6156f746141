// Each tenant's share of the recent starts, and its fair share by weight.

const WINDOW_MS = 60_000;

/** Remembers for a minute how many jobs each tenant has started. */
export class Shares {
  constructor() {
    this.samples = []; // [{at, started: Map(id, count)}], oldest first
  }

  /** Adds the API's figures of some tenants. */
  add(tenants, at = Date.now()) {
    this.samples.push({ at, started: new Map(tenants.map(({ id, started }) => [id, started])) });
    while (this.samples.length > 1 && this.samples[1].at <= at - WINDOW_MS) this.samples.shift();
  }

  /**
   * By id: {starts, share, fair}, of those tenants that have started jobs or could start some. Shares are parts of
   * 1 among them, and null before anything was started; `fair` is the part of their weights.
   */
  of(tenants) {
    const oldest = this.samples[0];
    const starts = new Map();
    for (const { id, started } of tenants) starts.set(id, started - (oldest?.started.get(id) ?? started));
    const active = tenants.filter(({ id, pending, blockedBy }) => starts.get(id) > 0 || (pending > 0 && !blockedBy));
    const allStarts = active.reduce((sum, { id }) => sum + starts.get(id), 0);
    const allWeight = active.reduce((sum, { weight }) => sum + weight, 0);
    return new Map(
      active.map(({ id, weight }) => {
        const share = allStarts > 0 ? starts.get(id) / allStarts : null;
        return [id, { starts: starts.get(id), share, fair: weight / allWeight }];
      }),
    );
  }
}
