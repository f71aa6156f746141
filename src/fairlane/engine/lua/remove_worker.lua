#!lua flags=allow-oom
-- remove_worker: delete a worker that has exited.
-- KEYS prefix
-- ARGV at worker
-- RETURNS 1
-- EVENTS
-- NEEDS workers
delete_workers({ worker })
return 1
