#!lua flags=allow-oom
-- set_policy: change what a tenant has of its own policy; felt by its waiting jobs at once.
-- KEYS prefix
-- ARGV at tenant before packed
-- RETURNS 1, or 0 where the tenant has not (any more) what it had before, and nothing was changed
-- EVENTS
-- NEEDS base lanes
if (call('HGET', key('policies'), tenant) or '') ~= before then return 0 end
if packed == '' then
  call('HDEL', key('policies'), tenant)
else
  call('HSET', key('policies'), tenant, packed)
end
call('ZADD', key('tenants'), 0, tenant)
touch(tenant)
settle()
return 1
