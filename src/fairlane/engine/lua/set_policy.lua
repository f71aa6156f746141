#!lua flags=allow-oom
-- set_policy: change the limits that override the defaults for a tenant. They apply to its pending jobs at once.
-- KEYS prefix
-- ARGV at author tenant before packed limits_before limits_after most_tenants
-- RETURNS 1; 0 if the stored overrides differ from `before`, or too_many for a new tenant beside most_tenants others:
--   then nothing changes
-- EVENTS
-- NEEDS base audit lanes run_indexes tenant_indexes
-- before, packed: Policy (msgpack) or ''; limits_before, limits_after: the same as JSON text, for the audit log
if (call('HGET', key('policies'), tenant) or '') ~= before then return 0 end
if call('ZADD', key('tenants'), 0, tenant) == 1 and call('ZCARD', key('tenants')) > tonumber(most_tenants) then
  call('ZREM', key('tenants'), tenant)
  return 'too_many'
end
if packed == '' then
  call('HDEL', key('policies'), tenant)
else
  call('HSET', key('policies'), tenant, packed)
end
audit('audit', 'tenant.limits', { tenant }, limits_before, limits_after)
prune_soon(tenant)
touch(tenant)
update_run_indexes()
return 1
