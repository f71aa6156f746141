#!lua flags=allow-oom
-- pause_schedule: keep a schedule from making jobs, or let it go on from its next tick.
-- KEYS prefix
-- ARGV at tenant schedule paused next_tick
-- RETURNS ok, not_found, or late: next_tick has passed, which must not be due a second time
-- EVENTS
-- NEEDS base schedules
local member = tenant .. '/' .. schedule
local s = state_of(member)
if not s then return 'not_found' end
if tonumber(next_tick) <= now then return 'late' end
s[PAUSED] = paused == '1'
write_state(member, s)
write_due(member, s, next_tick, false)
return 'ok'
