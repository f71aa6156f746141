// The numbers beside the tabs. They count the jobs that the filter matches.
import { at, get } from "../../lib/api.js";
import { useResource } from "../../lib/resource.js";
import { ownTenant } from "../../lib/session.js";
import { overview } from "../../lib/store.js";

const NARROWING = ["queue", "task", "key", "created", "from", "to"];

/** Counts by state. Leaves out what the API does not count for this filter. */
export function useCounts(filter) {
  const narrowed = NARROWING.some((name) => filter[name]);
  const { tenantId } = filter;
  const own = ownTenant() !== null;
  const path = own ? "/jobs/counts" : tenantId && at`/tenants/${tenantId}`;
  const { data } = useResource((signal) => (path && !narrowed ? get(path, { signal }) : null), [path, narrowed]);
  if (narrowed) return {};
  if (own) return data ?? {};
  if (!tenantId) return overview.value?.states ?? {};
  return data?.id === tenantId ? { pending: data.pending, running: data.running } : {};
}
