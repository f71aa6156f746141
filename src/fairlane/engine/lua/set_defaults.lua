#!lua flags=allow-oom
-- set_defaults: set the default limits of tenants. Claims and `promote` apply them to pending and ended jobs in steps.
-- KEYS prefix
-- ARGV at author before packed was shown
-- RETURNS 1, or 0 if the stored limits differ from `before` ('': none), in which case nothing changes
-- EVENTS
-- NEEDS base audit run_indexes put_back
-- was, shown: both limits as JSON text, for the audit log
if (call('GET', key('defaults')) or '') ~= before then return 0 end
if packed == before then return 1 end
audit('audit', 'defaults', {}, was, shown)
call('SET', key('defaults'), packed)
call('SET', key('reviewed'), '')
put_back_some()
update_run_indexes()
return 1
