#!lua flags=allow-oom
-- tidy: forget workers that fell silent, waiters that gave up and virtual times that the floor has passed.
-- KEYS prefix
-- ARGV at silence_ms
-- RETURNS workers forgotten
-- EVENTS
-- include base
local silent = call('ZRANGEBYSCORE', key('workers'), '-inf', now - silence_ms, 'LIMIT', 0, 1000)
write('ZREM', 'workers', silent)
write('HDEL', 'worker_info', silent)
call('ZREMRANGEBYSCORE', key('awaited'), '-inf', now)
local lowest
for _, floor in ipairs(call('HVALS', key('floor'))) do
  lowest = math.min(lowest or math.huge, tonumber(floor))
end
if lowest then
  local passed = call('ZRANGEBYSCORE', key('resting'), '-inf', lowest, 'LIMIT', 0, 1000)
  write('ZREM', 'resting', passed)
end
return #silent
