#!lua flags=allow-oom
-- pass_wake: wake another idle claim for a queue, since the one that was woken has ended.
-- KEYS prefix
-- ARGV at queue
-- RETURNS 1
-- EVENTS
-- NEEDS idle
wake_next(queue)
return 1
