#!lua flags=allow-oom
-- leave: forget a worker that has ended.
-- KEYS prefix
-- ARGV at worker
-- RETURNS 1
-- EVENTS
-- NEEDS workers
forget_workers({ worker })
return 1
