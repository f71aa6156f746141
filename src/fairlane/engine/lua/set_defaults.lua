#!lua flags=allow-oom
-- set_defaults: set the default limits of tenants, and what tenants pay for (fairness).
-- KEYS prefix
-- ARGV at packed fairness only_if_unset
-- RETURNS 1 if they changed, else 0
-- EVENTS
-- NEEDS base lanes fair_queueing run_indexes
local old = call('GET', key('defaults'))
local old_fairness = call('GET', key('fairness'))
if old and (only_if_unset == '1' or old == packed and old_fairness == fairness) then return 0 end
call('SET', key('defaults'), packed)
call('SET', key('fairness'), fairness)
if fairness ~= old_fairness then call('DEL', key('owed')) end
local prunable = {}
for _, name in ipairs(call('ZRANGE', key('prunable'), 0, -1)) do push2(prunable, now, name) end
write('ZADD', 'prunable', prunable)
for _, tenant in ipairs(call('HKEYS', key('blocked'))) do touch(tenant) end
for _, tenant in ipairs(call('ZRANGE', key('run/' .. ALL), 0, -1)) do touch(tenant) end
for _, paused in ipairs({ 'queues_paused', 'resuming' }) do
  for _, queue in ipairs(call('SMEMBERS', key(paused))) do
    for _, tenant in ipairs(call('SMEMBERS', key('parked/' .. queue))) do touch(tenant) end
  end
end
update_run_indexes()
return 1
