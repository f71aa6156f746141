#!lua flags=no-writes
-- orders: the commands for a worker.
-- KEYS prefix
-- ARGV at worker
-- RETURNS the number of commands so far, 1 if it must drain
-- EVENTS
-- NEEDS base
return { tonumber(call('HGET', key('orders'), worker) or 0), call('HEXISTS', key('draining'), worker) }
