#!lua
-- tenant: policies and live figures of some tenants.
-- KEYS prefix
-- ARGV at tenants
-- RETURNS for each tenant: policy, its own (1) or the default (0), pending, running, submitted, started, completed, failed, retried, blocked by, blocked until, submissions in the window, longest wait (ms; -1: nobody waits)
-- EVENTS
-- include base
-- include job
-- include policy
-- include window
-- include lanes
local answers = {}

-- Since when (ms) the job waits that has waited longest in a lane. In each priority it is the first one, but for
-- those that came back to their old place; of these the first ten are looked at.
local function waits_since(lane)
  local oldest, band = now, 0
  while true do
    local heads = call('ZRANGEBYSCORE', key(lane), band * PRIORITY_STEP, '+inf', 'WITHSCORES', 'LIMIT', 0, 10)
    if #heads == 0 then return oldest end
    band = math.floor(heads[2] / PRIORITY_STEP)
    for i = 1, #heads, 2 do
      if math.floor(heads[i + 1] / PRIORITY_STEP) ~= band then break end
      local came_back_at = tonumber(call('HGET', key('ready'), heads[i]))
      oldest = math.min(oldest, came_back_at or created_of(call('GETRANGE', key('j/' .. heads[i]), 0, HEADER_AT - 1)))
      if not came_back_at then break end
    end
    band = band + 1
  end
end

local default = call('GET', key('defaults'))
local wanted = unpack_value(tenants)
load_policies(wanted)
for _, tenant in ipairs(wanted) do
  local own = call('HGET', key('policies'), tenant)
  local p = policy(tenant)
  local pending, oldest = 0, now
  for _, queue in ipairs(queues_of(tenant)) do
    local lane = 'lane/' .. tenant .. '/' .. queue
    pending = pending + call('ZCARD', key(lane))
    oldest = math.min(oldest, waits_since(lane))
  end
  push_all(answers, { own or default, own and 1 or 0, pending, running(tenant) })
  for _, name in ipairs({ 'submitted', 'started', 'completed', 'failed', 'retried' }) do
    push(answers, tonumber(call('HGET', key('count/' .. name), tenant) or 0))
  end
  push2(answers, call('HGET', key('blocked'), tenant) or '', call('ZSCORE', key('blocked_until'), tenant) or '')
  push(answers, p.submit_limit > 0 and window_used('rate/' .. tenant, p.submit_window) or 0)
  push(answers, pending > 0 and now - oldest or -1)
end
return answers
