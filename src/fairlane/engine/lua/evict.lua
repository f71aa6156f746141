#!lua flags=allow-oom
-- evict: delete the jobs in one terminal state that ended first, whatever their tenants keep.
-- KEYS prefix
-- ARGV at state limit
-- RETURNS the number of jobs deleted, ms until the next call (0: more are left; -1: none)
-- EVENTS
-- NEEDS base job delete_jobs
-- If the record is missing (corruption), leave the entry for `doctor`.
local by_tenant, deleted = {}, 0
for _, id in ipairs(call('ZRANGE', key(state), 0, limit - 1)) do
  local tenant = names_of(id)
  if tenant then
    by_tenant[tenant] = by_tenant[tenant] or {}
    push(by_tenant[tenant], id)
    deleted = deleted + 1
  end
end
delete_jobs(state, by_tenant)
return { deleted, deleted == tonumber(limit) and 0 or -1 }
