#!lua flags=allow-oom
-- watch: have news told for so long, see include/news.lua. Also where the store is full.
-- KEYS prefix
-- ARGV at watched_ms
-- RETURNS 1 if it was told already, else 0
-- EVENTS
-- NEEDS base
local known = call('EXISTS', key('watched'))
call('SET', key('watched'), 1, 'PX', watched_ms)
return known
