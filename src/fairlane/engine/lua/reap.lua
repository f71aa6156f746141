#!lua flags=allow-oom
-- reap: end leases whose time is over, or (lost_worker given) all of a worker that is known to be dead.
-- KEYS prefix
-- ARGV at lost_worker limit
-- RETURNS requeued, failed, cancelled, ms until the next lease ends (-1: none)
-- EVENTS running>pending running>failed running>cancelled
-- include base
-- include job
-- include policy
-- include window
-- include counts
-- include lanes
-- include news
-- include charging
-- include ending
-- include workers
local ids = {}
if lost_worker == '' then
  ids = call('ZRANGEBYSCORE', key('leases'), '-inf', now, 'LIMIT', 0, limit)
else
  local running_jobs = call('ZRANGE', key('leases'), 0, -1)
  for i, packed in ipairs(read('HMGET', 'started', running_jobs)) do
    if #ids < tonumber(limit) and unpack_value(packed)[WORKER] == lost_worker then push(ids, running_jobs[i]) end
  end
end

local requeued, failed, cancelled = 0, 0, 0
for i, packed in ipairs(read('HMGET', 'started', ids)) do
  local id, s = ids[i], unpack_value(packed)
  end_lease(id, s)
  s[TOKEN] = '' -- so that what the worker still says of this lease is stale
  if s[CANCELLED_BY] ~= '' then
    cancelled = cancelled + 1
    count('other_ends', s[TENANT])
    conclude(id, s, 'cancelled', 'cancelled_by_user', 'worker_lost', '')
  else
    count('failed', s[TENANT])
    if s[ATTEMPT] - s[BASE] < header_of(call('GET', key('j/' .. id))).max_attempts then
      requeued = requeued + 1
      count('retried', s[TENANT])
      keep_attempt(id, attempt_of(s, 'worker_lost', ''))
      put_back(id, s, 'worker_lost')
    else
      failed = failed + 1
      conclude(id, s, 'failed', 'worker_lost', 'worker_lost', '')
    end
  end
end
write_endings()
if lost_worker ~= '' then forget_workers({ lost_worker }) end
local first = first_score('leases')
return { requeued, failed, cancelled, first and math.max(0, first - now) or -1 }
