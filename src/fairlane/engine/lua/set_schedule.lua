#!lua
-- set_schedule: make or change a schedule. One that was set by the same declaration before is left as it is.
-- KEYS prefix
-- ARGV at call_id tenant schedule spec declaration paused version next_tick most
-- RETURNS changed, unchanged, too_many, or late: next_tick has passed, which must not be due a second time
-- EVENTS
-- NEEDS base repeating schedules
-- declaration: '' from who declares nothing; paused: 0, 1 or '' (as it is)
-- version: of the state whose rule is still the rule, '' if there is none; most: schedules of a tenant
local before = answer_before()
if before then return before end

local member = tenant .. '/' .. schedule
local s = state_of(member)
if s and declaration ~= '' and s[DECLARATION] == declaration then return 'unchanged' end
if not s and call('ZLEXCOUNT', key('schedule_names'), '[' .. tenant .. '/', '(' .. tenant .. '0') >= tonumber(most) then
  return 'too_many'
end
if tonumber(next_tick) <= now then return 'late' end

s = s or { 0, '', false, 0, {}, 0, 0 }
local anew = string.format('%.0f', s[VERSION]) ~= version
s[VERSION] = math.max(s[VERSION] + 1, now)
if declaration ~= '' then s[DECLARATION] = declaration end
if paused ~= '' then s[PAUSED] = paused == '1' end
call('HSET', key('schedules'), member, spec)
call('ZADD', key('schedule_names'), 0, member)
write_state(member, s)
write_due(member, s, next_tick, anew)
return answered('changed')
