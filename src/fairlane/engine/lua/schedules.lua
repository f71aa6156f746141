#!lua flags=no-writes
-- schedules: the records of some schedules.
-- KEYS prefix
-- ARGV at members
-- RETURNS now, then for each: its name, what to run (nil: no such schedule), state, next tick or ''
-- EVENTS
-- NEEDS base
-- members: msgpack array
local answers = { now }
for _, member in ipairs(unpack_value(members)) do
  push(answers, member)
  push(answers, call('HGET', key('schedules'), member))
  push(answers, call('HGET', key('schedule_states'), member))
  push(answers, call('ZSCORE', key('schedules_due'), member) or '')
end
return answers
