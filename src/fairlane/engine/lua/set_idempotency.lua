#!lua flags=allow-oom
-- set_idempotency: set how long new idempotency keys hold.
-- KEYS prefix
-- ARGV at author held_ms
-- RETURNS 1
-- EVENTS
-- NEEDS base audit
-- The audit log has the times in seconds.
local A_DAY_MS = 86400000
local before = tonumber(call('GET', key('idempotency_ms')) or A_DAY_MS)
audit('audit', 'idempotency', {}, string.format('%.14g', before / 1000), string.format('%.14g', held_ms / 1000))
call('SET', key('idempotency_ms'), held_ms)
return 1
