#!lua flags=allow-oom
-- drain: tell a worker to claim no more jobs, finish the running ones and exit.
-- KEYS prefix
-- ARGV at worker
-- RETURNS 1, or 0 where there is no such worker
-- EVENTS
-- NEEDS base workers
if call('HEXISTS', key('draining'), worker) == 1 then return 1 end
if not notify_worker(worker) then return 0 end
return call('HSET', key('draining'), worker, 1)
