#!lua
-- set_schedule: create or change a schedule. Repeating the last declaration changes nothing.
-- KEYS prefix
-- ARGV at call_id tenant schedule spec declaration paused version next_tick most
-- RETURNS changed, unchanged, too_many, or late: next_tick has passed and may have run already
-- EVENTS
-- NEEDS base saved_answer schedules
-- declaration: fingerprint of a schedule that an app declares, '' for others; paused: 0, 1 or '' (unchanged)
-- version: the version whose rule this call keeps, '' if it changes the rule; most: limit of schedules per tenant
local first_answer = saved_answer()
if first_answer then return first_answer end

local member = tenant .. '/' .. schedule
local s = state_of(member)
if s and declaration ~= '' and s[ScheduleState.declaration] == declaration then return 'unchanged' end
if not s and call('ZLEXCOUNT', key('schedule_names'), '[' .. tenant .. '/', '(' .. tenant .. '0') >= tonumber(most) then
  return 'too_many'
end
if tonumber(next_tick) <= now then return 'late' end

s = s or ScheduleState{
  version = 0, declaration = '', paused = false, last_run = 0, last_jobs = {}, missed = 0, skipped = 0,
}
local has_new_rule = string.format('%.0f', s[ScheduleState.version]) ~= version
s[ScheduleState.version] = math.max(s[ScheduleState.version] + 1, now)
if declaration ~= '' then s[ScheduleState.declaration] = declaration end
if paused ~= '' then s[ScheduleState.paused] = paused == '1' end
call('HSET', key('schedules'), member, spec)
call('ZADD', key('schedule_names'), 0, member)
write_state(member, s)
write_due(member, s, next_tick, has_new_rule)
return save_answer('changed')
