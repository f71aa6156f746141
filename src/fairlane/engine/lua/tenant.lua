#!lua
-- tenant: policies and live figures of some tenants.
-- KEYS prefix
-- ARGV at tenants
-- RETURNS for each tenant: policy, its own (1) or the default (0), pending, running, submitted, completed, failed, retried, blocked by, blocked until, submissions in the window
-- EVENTS
-- include base
-- include policy
-- include window
-- include lanes
local answers = {}
local default = call('GET', key('defaults'))
for _, tenant in ipairs(unpack_value(tenants)) do
  local own = call('HGET', key('policies'), tenant)
  local p = policy(tenant)
  local pending = 0
  for _, queue in ipairs(queues_of(tenant)) do
    pending = pending + call('ZCARD', key('lane/' .. tenant .. '/' .. queue))
  end
  push_all(answers, { own or default, own and 1 or 0, pending, running(tenant) })
  for _, name in ipairs({ 'submitted', 'completed', 'failed', 'retried' }) do
    push(answers, tonumber(call('HGET', key('count/' .. name), tenant) or 0))
  end
  push2(answers, call('HGET', key('blocked'), tenant) or '', call('ZSCORE', key('blocked_until'), tenant) or '')
  push(answers, p.submit_limit > 0 and window_used('rate/' .. tenant, p.submit_window) or 0)
end
return answers
