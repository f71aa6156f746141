#!lua flags=allow-oom
-- reap: end expired leases, or all leases of lost_worker, which is known to be dead.
-- KEYS prefix
-- ARGV at lost_worker limit
-- RETURNS requeued, failed, cancelled, ms until the next lease ends (-1: none)
-- EVENTS running>pending running>failed running>cancelled
-- NEEDS base job counts lease_end workers
-- If the record of a job is missing (corruption), leave the entry for `doctor`.
local ids = {}
if lost_worker == '' then
  ids = call('ZRANGEBYSCORE', key('leases'), '-inf', now, 'LIMIT', 0, limit)
else
  local running_jobs = call('ZRANGE', key('leases'), 0, -1)
  for i, packed in ipairs(read('HMGET', 'started', running_jobs)) do
    local is_lost = packed and unpack_value(packed)[Started.worker] == lost_worker
    if is_lost and #ids < tonumber(limit) then push(ids, running_jobs[i]) end
  end
end

local requeued, failed, cancelled, damaged = 0, 0, 0, 0

local function lose(id, s, record)
  end_lease(id, s)
  s[Started.token] = '' -- later reports of the worker are stale
  if s[Started.cancelled_by] ~= '' then
    cancelled = cancelled + 1
    count('other_ends', s[Started.tenant_id])
    conclude(id, s, 'cancelled', 'cancelled_by_user', 'worker_lost', '')
    return
  end
  count('failed', s[Started.tenant_id])
  if s[Started.attempt] - s[Started.base] < header_of(record)[Header.max_attempts] then
    requeued = requeued + 1
    count('retried', s[Started.tenant_id])
    keep_attempt(id, attempt_of(s, 'worker_lost', ''))
    requeue(id, s, 'worker_lost')
  else
    failed = failed + 1
    conclude(id, s, 'failed', 'worker_lost', 'worker_lost', '')
  end
end

for i, packed in ipairs(read('HMGET', 'started', ids)) do
  local record = packed and call('GET', key('j/' .. ids[i]))
  if record then
    lose(ids[i], unpack_value(packed), record)
  else
    damaged = damaged + 1
  end
end
write_lease_ends()
if lost_worker ~= '' then delete_workers({ lost_worker }) end
local first = first_score('leases', damaged > 0 and now)
return { requeued, failed, cancelled, first and math.max(0, first - now) or -1 }
