#!lua flags=allow-oom
-- pause_schedule: pause a schedule (paused = 1), or resume it from its next tick (0).
-- KEYS prefix
-- ARGV at author tenant schedule paused next_tick
-- RETURNS ok, not_found, or late: next_tick has passed and may have run already
-- EVENTS
-- NEEDS base audit schedules
local member = tenant .. '/' .. schedule
local s = state_of(member)
if not s then return 'not_found' end
if tonumber(next_tick) <= now then return 'late' end
audit_switch('audit_work', 'schedule.pause', { member }, s[ScheduleState.paused], paused == '1')
s[ScheduleState.paused] = paused == '1'
write_state(member, s)
write_due(member, s, next_tick, false)
return 'ok'
