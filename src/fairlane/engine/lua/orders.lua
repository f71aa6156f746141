#!lua flags=no-writes
-- orders: what a worker was told.
-- KEYS prefix
-- ARGV at worker
-- RETURNS the number of its orders, 1 if it is to drain
-- EVENTS
-- NEEDS base
return { tonumber(call('HGET', key('orders'), worker) or 0), call('HEXISTS', key('draining'), worker) }
