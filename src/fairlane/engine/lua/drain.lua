#!lua flags=allow-oom
-- drain: tell a worker to claim no more, to end its jobs and to leave.
-- KEYS prefix
-- ARGV at worker
-- RETURNS 1, or 0 where there is no such worker
-- EVENTS
-- NEEDS base workers
if call('HEXISTS', key('draining'), worker) == 1 then return 1 end
if not order(worker) then return 0 end
return call('HSET', key('draining'), worker, 1)
