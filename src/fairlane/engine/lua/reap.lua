#!lua flags=allow-oom
-- reap: end expired leases, or the given leases of lost_worker, which is known to be dead.
-- KEYS prefix
-- ARGV at lost_worker lost_jobs guilty limit
-- RETURNS requeued, failed, cancelled, ms until the next lease ends (-1: none)
-- EVENTS running>pending running>failed running>cancelled
-- NEEDS base job counts job_ends lease_end workers
-- lost_jobs: msgpack array of jobs whose leases lost_worker held.
-- guilty: the job that ended lost_worker; '' if any of them may have done it.
--   lost/WORKER  the guilty job of a dead worker, as above, until all its leases have ended; expires in an hour
-- If the record of a job is missing (corruption), leave the entry for `doctor`.
local is_known_dead = lost_worker ~= ''
local ids
if is_known_dead then
  ids = unpack_value(lost_jobs)
else
  ids = call('ZRANGEBYSCORE', key('leases'), '-inf', now, 'LIMIT', 0, limit)
end

local requeued, failed, cancelled, damaged = 0, 0, 0, 0

local function cancel(id, s)
  cancelled = cancelled + 1
  count('other_ends', s[Started.tenant_id])
  conclude(id, s, 'cancelled', 'cancelled_by_user', 'worker_lost', '')
end

-- Burns no attempt.
local function give_back(id, s)
  requeued = requeued + 1
  count('other_ends', s[Started.tenant_id])
  s[Started.attempt] = s[Started.attempt] - 1
  s[Started.suspect] = s[Started.suspect] or guilty == ''
  requeue(id, s, 'worker_lost')
end

local function fail(id, s, record)
  count('failed', s[Started.tenant_id])
  if s[Started.attempt] - s[Started.base] < header_of(record)[Header.max_attempts] then
    requeued = requeued + 1
    count('retried', s[Started.tenant_id])
    keep_attempt(id, attempt_of(s, 'worker_lost', ''))
    s[Started.suspect] = s[Started.suspect] or is_known_dead
    requeue(id, s, 'worker_lost')
  else
    failed = failed + 1
    conclude(id, s, 'failed', 'worker_lost', 'worker_lost', '')
  end
end

local function lose(id, s, record)
  end_lease_of(id, s)
  s[Started.token] = '' -- later reports of the worker are stale
  if s[Started.cancelled_by] ~= '' then
    cancel(id, s)
  elseif is_known_dead and id ~= guilty then
    give_back(id, s)
  else
    fail(id, s, record)
  end
end

for i, packed in ipairs(read('HMGET', 'started', ids)) do
  local s = packed and unpack_value(packed)
  -- A lost job may have changed hands since the caller read the list.
  if not (is_known_dead and s and not (s[Started.running] and s[Started.worker] == lost_worker)) then
    local record = s and call('GET', key('j/' .. ids[i]))
    if record then
      lose(ids[i], s, record)
    else
      damaged = damaged + 1
    end
  end
end
write_lease_ends()
if is_known_dead then delete_workers({ lost_worker }) end
local first = first_score('leases', damaged > 0 and now)
return { requeued, failed, cancelled, first and math.max(0, first - now) or -1 }
