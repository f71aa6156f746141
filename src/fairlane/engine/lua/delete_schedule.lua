#!lua flags=allow-oom
-- delete_schedule: delete a schedule. The jobs that it has created stay.
-- KEYS prefix
-- ARGV at tenant schedule
-- RETURNS the number of schedules deleted: 1 or 0
-- EVENTS
-- NEEDS base
local member = tenant .. '/' .. schedule
call('HDEL', key('schedule_states'), member)
call('ZREM', key('schedule_names'), member)
call('ZREM', key('schedules_due'), member)
return call('HDEL', key('schedules'), member)
