#!lua flags=allow-oom
-- unlock: tell waiting jobs that jobs which they need have ended, and bring back those whose dead need was sent back.
-- KEYS prefix
-- ARGV at limit
-- RETURNS jobs that stopped waiting or wait again, ms until the next call (0: more are left; -1: none)
-- EVENTS scheduled>pending scheduled>cancelled cancelled>scheduled cancelled>pending
-- NEEDS base unlocking reviving lease_end
limit = tonumber(limit)
unlock_some(limit)
revive_some(limit)
write_lease_ends()
local more = call('EXISTS', key('unlocking'), key('reviving')) > 0
return { unlocked_jobs + revived_jobs, more and 0 or -1 }
