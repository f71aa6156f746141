#!lua flags=allow-oom
-- watch_events: publish changes of jobs for watched_ms (see include/events.lua). Works in a full store too.
-- KEYS prefix
-- ARGV at watched_ms
-- RETURNS 1 if changes were published already, else 0
-- EVENTS
-- NEEDS base
local known = call('EXISTS', key('watched'))
call('SET', key('watched'), 1, 'PX', watched_ms)
return known
