#!lua flags=allow-oom
-- expire: cancel jobs that have not started in time.
-- KEYS prefix
-- ARGV at limit
-- RETURNS expired, ms until the next job expires (-1: none)
-- EVENTS scheduled>cancelled pending>cancelled
-- NEEDS base job job_ends waiting_end lease_end
-- If the record is missing (corruption), leave the entry for `doctor`.
local expired = 0
local due = call('ZRANGEBYSCORE', key('expiring'), '-inf', now, 'LIMIT', 0, limit)
for _, id in ipairs(due) do
  local tenant, queue = names_of(id)
  if tenant then
    expired = expired + 1
    end_waiting(id, never_started(tenant, queue), 'expired')
  end
end
write_lease_ends()
local first = first_score('expiring', expired < #due and now)
return { expired, first and math.max(0, first - now) or -1 }
