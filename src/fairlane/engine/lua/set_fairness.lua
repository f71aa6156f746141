#!lua flags=allow-oom
-- set_fairness: set what tenants pay for, in virtual time.
-- KEYS prefix
-- ARGV at author fairness
-- RETURNS 1 if it changed, else 0
-- EVENTS
-- NEEDS base audit
local before = call('GET', key('fairness'))
if before == fairness then return 0 end
audit('audit', 'fairness', {}, '"' .. (before or 'jobs') .. '"', '"' .. fairness .. '"')
call('SET', key('fairness'), fairness)
call('UNLINK', key('owed'))
return 1
