#!lua flags=allow-oom
-- tenant: limits and live figures of some tenants. Its only writes delete events that have left a rate window.
-- KEYS prefix
-- ARGV at tenants
-- RETURNS the default policy, then for each tenant: its overrides or nil, pending, running, submitted, started,
--   completed, failed, retried, blocked by, blocked until, submissions in the window, longest wait (ms; -1: none waits)
-- EVENTS
-- NEEDS base job policy sliding_window lanes constraints
local answers = { call('GET', key('defaults')) }

-- The time (ms) at which the longest waiting job of a lane became pending. In each priority this is the first job,
-- unless that job returned to its old place; then the next ones are read too.
local function waits_since(lane)
  local oldest, lowest, known = now, 0, nil
  while true do
    local heads = call('ZRANGEBYSCORE', key(lane), lowest, '+inf', 'WITHSCORES', 'LIMIT', 0, 10)
    local priority
    for i = 1, #heads, 2 do
      priority = math.floor(heads[i + 1] / PRIORITY_STEP)
      if priority ~= known then
        local ready_at = tonumber(call('HGET', key('ready'), heads[i]))
        oldest = math.min(oldest, ready_at or created_of(call('GETRANGE', key('j/' .. heads[i]), 0, HEADER_AT - 1)))
        if not ready_at then known = priority end
      end
    end
    if #heads < 20 then return oldest end
    lowest = (priority + 1) * PRIORITY_STEP
  end
end

local wanted = unpack_value(tenants)
load_policies(wanted)
local own = read('HMGET', 'policies', wanted)
local blocked, untils = read('HMGET', 'blocked', wanted), read('ZMSCORE', 'blocked_until', wanted)
local function counts(name)
  local totals = {}
  for i, total in ipairs(read('HMGET', 'count/' .. name, wanted)) do totals[i] = tonumber(total or 0) end
  return totals
end
local submitted, completed, failed = counts('submitted'), counts('completed'), counts('failed')
local retried, other_ends = counts('retried'), counts('other_ends')
for i, tenant in ipairs(wanted) do
  local p = policy(tenant)
  local pending, oldest = 0, now
  for _, queue in ipairs(queues_of(tenant)) do
    local lane = 'lane/' .. tenant .. '/' .. queue
    pending = pending + call('ZCARD', key(lane))
    oldest = math.min(oldest, waits_since(lane))
  end
  local runs = running(tenant)
  local started = completed[i] + failed[i] + other_ends[i] + runs
  push_all(answers, {
    own[i], pending, runs, submitted[i], started, completed[i], failed[i], retried[i],
  })
  push2(answers, blocked[i] or '', untils[i] or '')
  push(answers, p.submit_limit > 0 and window_used('rate/' .. tenant, p.submit_window) or 0)
  push(answers, pending > 0 and now - oldest or -1)
end
return answers
