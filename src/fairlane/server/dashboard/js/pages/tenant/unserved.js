// A tenant's queues with pending jobs that no worker serves.
import { get } from "../../lib/api.js";
import { useResource } from "../../lib/resource.js";
import { overview } from "../../lib/store.js";
import { everyQueueIsServed, unserved } from "../../lib/workers.js";

const LOOKED_AT = 20; // pending jobs

/** Their names, from the first pending jobs. */
export function useUnservedQueues(tenant) {
  const look = Boolean(tenant?.pending) && overview.value !== null && !everyQueueIsServed();
  const { data } = useResource(
    (signal) =>
      look ? get("/jobs", { signal, query: { tenantId: tenant.id, state: "pending", limit: LOOKED_AT } }) : null,
    [tenant?.id, look],
    { pace: 2000 },
  );
  const queues = new Set((data?.jobs ?? []).map(({ queue }) => queue));
  return look ? [...queues].filter(unserved).sort() : [];
}
