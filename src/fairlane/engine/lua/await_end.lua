#!lua flags=allow-oom
-- await_end: publish the end of a job for a caller that waits up to timeout_ms. Works in a full store too.
-- KEYS prefix
-- ARGV at id timeout_ms
-- RETURNS 1
-- EVENTS
-- NEEDS base
call('ZADD', key('awaited'), 'GT', now + timeout_ms, id)
return 1
