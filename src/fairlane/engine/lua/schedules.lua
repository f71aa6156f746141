#!lua flags=no-writes
-- schedules: the records of some schedules.
-- KEYS prefix
-- ARGV at members
-- RETURNS now, then for each: its name, what to run (nil: no such schedule), state, next tick or '', the state of its
--   last job ('': it has none, or the job is deleted)
-- EVENTS
-- NEEDS base needs schedules
-- members: msgpack array
local function state_of_job(id)
  local ended = ended_state(id)
  if ended then return ended end
  if call('ZSCORE', key('leases'), id) then return 'running' end
  if call('ZSCORE', key('scheduled'), id) then return 'scheduled' end
  return call('EXISTS', key('j/' .. id)) == 1 and 'pending' or ''
end

local answers = { now }
for _, member in ipairs(unpack_value(members)) do
  local s = state_of(member)
  local jobs = s and s[ScheduleState.last_jobs] or {}
  push(answers, member)
  push(answers, call('HGET', key('schedules'), member))
  push(answers, call('HGET', key('schedule_states'), member))
  push(answers, call('ZSCORE', key('schedules_due'), member) or '')
  push(answers, #jobs > 0 and state_of_job(jobs[#jobs]) or '')
end
return answers
