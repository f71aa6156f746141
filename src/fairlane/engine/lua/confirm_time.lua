#!lua flags=allow-oom
-- confirm_time: note how far the engine's time is ahead of the store's clock, and that a process has compared them.
-- KEYS prefix
-- ARGV at seen looked_at offset_us
-- RETURNS 1, or 0 if another process was first or the store's clock was set since the caller looked at it
-- EVENTS
-- NEEDS
-- seen: what the caller found in `time`, see include/base.lua; looked_at: the store's time (us) at that moment
local store_us = tonumber(at)
if store_us == nil then
  local time = redis.call('TIME')
  store_us = time[1] * 1000000 + time[2]
end
local name = prefix .. 'time'
if (redis.call('GET', name) or '') ~= seen or math.abs(store_us - looked_at) > 2000000 then return 0 end
redis.call('SET', name, struct.pack('>dd', offset_us, store_us))
return 1
