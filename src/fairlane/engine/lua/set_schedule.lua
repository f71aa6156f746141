#!lua
-- set_schedule: create or change a schedule. Repeating the last declaration changes nothing.
-- KEYS prefix
-- ARGV at author call_id tenant schedule spec declaration paused version keeps_rule next_tick most was shown
-- RETURNS changed, unchanged, too_many, or late: the schedule has changed or run since the caller read it
-- EVENTS
-- NEEDS base audit saved_answer schedules
-- declaration: fingerprint of a schedule that an app declares, '' for others; paused: 0, 1 or '' (unchanged)
-- version: the version that the caller read, '' if it read none; keeps_rule: 1 if the cron rule stays that of `version`
-- most: limit of schedules per tenant; was, shown: that version and `spec` as JSON text, for the audit log
local first_answer = saved_answer()
if first_answer then return first_answer end

local member = tenant .. '/' .. schedule
local s = state_of(member)
if s and declaration ~= '' and s[ScheduleState.declaration] == declaration then return 'unchanged' end
if not s and call('ZLEXCOUNT', key('schedule_names'), '[' .. tenant .. '/', '(' .. tenant .. '0') >= tonumber(most) then
  return 'too_many'
end
if tonumber(next_tick) <= now then return 'late' end
if s and version ~= '' and string.format('%.0f', s[ScheduleState.version]) ~= version then return 'late' end
-- A caller that cannot read a stored schedule replaces it.
audit('audit_work', 'schedule.put', { member }, s and version == '' and '"unknown"' or was, shown)

s = s or ScheduleState{
  version = 0, declaration = '', paused = false, last_run = 0, last_jobs = {}, missed = 0, skipped = 0,
}
s[ScheduleState.version] = math.max(s[ScheduleState.version] + 1, now)
if declaration ~= '' then s[ScheduleState.declaration] = declaration end
if paused ~= '' then
  audit_switch('audit_work', 'schedule.pause', { member }, s[ScheduleState.paused], paused == '1')
  s[ScheduleState.paused] = paused == '1'
end
call('HSET', key('schedules'), member, spec)
call('ZADD', key('schedule_names'), 0, member)
write_state(member, s)
write_due(member, s, next_tick, keeps_rule ~= '1')
return save_answer('changed')
