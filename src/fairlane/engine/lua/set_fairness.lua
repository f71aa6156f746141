#!lua flags=allow-oom
-- set_fairness: set what tenants pay for, in virtual time.
-- KEYS prefix
-- ARGV at fairness
-- RETURNS 1 if it changed, else 0
-- EVENTS
-- NEEDS base
if call('GET', key('fairness')) == fairness then return 0 end
call('SET', key('fairness'), fairness)
call('UNLINK', key('owed'))
return 1
