#!lua flags=allow-oom
-- set_policy: change the limits of a tenant; felt by its waiting jobs at once.
-- KEYS prefix
-- ARGV at tenant packed
-- RETURNS 1
-- EVENTS
-- include base
-- include policy
-- include window
-- include lanes
call('HSET', key('policies'), tenant, packed)
call('ZADD', key('tenants'), 0, tenant)
touch(tenant)
settle()
return 1
