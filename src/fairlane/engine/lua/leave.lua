#!lua flags=allow-oom
-- leave: forget a worker that has ended.
-- KEYS prefix
-- ARGV at worker
-- RETURNS 1
-- EVENTS
-- include base
-- include workers
forget_workers({ worker })
return 1
