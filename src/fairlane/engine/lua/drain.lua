#!lua flags=allow-oom
-- drain: tell a worker to claim no more jobs, finish the running ones and exit.
-- KEYS prefix
-- ARGV at author worker
-- RETURNS 1, or 0 where there is no such worker
-- EVENTS
-- NEEDS base audit workers
if call('HEXISTS', key('draining'), worker) == 1 then return 1 end
if not notify_worker(worker) then return 0 end
audit_switch('audit', 'worker.drain', { worker }, false, true)
return call('HSET', key('draining'), worker, 1)
