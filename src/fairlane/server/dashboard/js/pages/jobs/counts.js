// The numbers beside the tabs. They count the jobs that the filter matches.
import { get } from "../../lib/api.js";
import { useResource } from "../../lib/resource.js";
import { ownTenant } from "../../lib/session.js";
import { overview } from "../../lib/store.js";

/** Counts by state. Leaves out what the API does not count for this filter. */
export function useCounts(filter) {
  const narrowed = Object.entries(filter).some(([name, value]) => value && !["state", "tenantId"].includes(name));
  const tenantId = ownTenant() ?? filter.tenantId;
  const { data } = useResource(
    async (signal) =>
      tenantId && !narrowed ? { tenantId, counts: await get("/jobs/counts", { signal, query: { tenantId } }) } : null,
    [tenantId, narrowed],
  );
  if (narrowed) return {};
  if (!tenantId) return overview.value?.states ?? {};
  return data?.tenantId === tenantId ? data.counts : {}; // the data of another tenant stay until the next have come
}
