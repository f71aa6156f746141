#!lua flags=allow-oom
-- await: ask to be told of a job's end, for so long. Also where the store is full: those who wait need no room.
-- KEYS prefix
-- ARGV at id timeout_ms
-- RETURNS 1
-- EVENTS
-- NEEDS base
call('ZADD', key('awaited'), 'GT', now + timeout_ms, id)
return 1
