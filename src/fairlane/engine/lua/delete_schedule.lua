#!lua flags=allow-oom
-- delete_schedule: forget a schedule. Jobs that it has made stay.
-- KEYS prefix
-- ARGV at tenant schedule
-- RETURNS how many were forgotten
-- EVENTS
-- NEEDS base
local member = tenant .. '/' .. schedule
call('HDEL', key('schedule_states'), member)
call('ZREM', key('schedule_names'), member)
call('ZREM', key('schedules_due'), member)
return call('HDEL', key('schedules'), member)
