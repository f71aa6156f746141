#!lua flags=allow-oom
-- tidy: forget workers that fell silent, waiters that gave up and virtual times that the floor has passed.
-- KEYS prefix
-- ARGV at silence_ms cursor
-- RETURNS cursor of the virtual times to look at next
-- EVENTS
-- include base
-- include workers
local silent = call('ZRANGEBYSCORE', key('workers'), '-inf', now - silence_ms, 'LIMIT', 0, 1000)
forget_workers(silent)
call('ZREMRANGEBYSCORE', key('awaited'), '-inf', now)
local lowest -- a queue that has not been served beyond its first tenants has no floor yet
for _, floor in ipairs(call('HVALS', key('floor'))) do lowest = math.min(lowest or math.huge, tonumber(floor)) end
local page = call('HSCAN', key('resting'), cursor, 'COUNT', 1000)
local passed = {}
for i = 1, #page[2], 2 do
  if tonumber(page[2][i + 1]) <= (lowest or 0) then push(passed, page[2][i]) end
end
write('HDEL', 'resting', passed)
write('HDEL', 'owed', passed)
return page[1]
