#!lua flags=allow-oom
-- set_defaults: set the default limits of tenants. Claims and `promote` apply them to pending and ended jobs in steps.
-- KEYS prefix
-- ARGV at before packed
-- RETURNS 1, or 0 if the stored limits differ from `before` ('': none), in which case nothing changes
-- EVENTS
-- NEEDS base run_indexes put_back
if (call('GET', key('defaults')) or '') ~= before then return 0 end
if packed == before then return 1 end
call('SET', key('defaults'), packed)
call('SET', key('reviewed'), '')
put_back_some()
update_run_indexes()
return 1
