#!lua flags=allow-oom
-- delete_schedule: delete a schedule. The jobs that it has created stay.
-- KEYS prefix
-- ARGV at author tenant schedule version was
-- RETURNS 1, or 0 if the schedule has changed since the caller read `version`
-- EVENTS
-- NEEDS base audit schedules
-- was: that version as JSON text, for the audit log
local member = tenant .. '/' .. schedule
local s = state_of(member)
if s and string.format('%.0f', s[ScheduleState.version]) ~= version then return 0 end
call('HDEL', key('schedule_states'), member)
call('ZREM', key('schedule_names'), member)
call('ZREM', key('schedules_due'), member)
if call('HDEL', key('schedules'), member) == 1 then audit('audit_work', 'schedule.delete', { member }, was, 'null') end
return 1
