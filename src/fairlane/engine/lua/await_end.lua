#!lua flags=allow-oom
-- await_end: publish the end of a job for a caller that waits up to timeout_ms, unless the job has ended. Works in a
-- full store too.
-- KEYS prefix
-- ARGV at id timeout_ms
-- RETURNS 1
-- EVENTS
-- NEEDS base
if call('EXISTS', key('r/' .. id)) == 0 then call('ZADD', key('awaited'), 'GT', now + timeout_ms, id) end
return 1
