#!lua flags=allow-oom
-- tenant: limits and live figures of some tenants. Its only writes delete events that have left a rate window.
-- KEYS prefix
-- ARGV at tenants lanes_at_most
-- RETURNS the default policy, then for each tenant: its overrides or nil, pending, running, submitted, started,
--   completed, failed, retried, blocked by, blocked until, submissions in the window, longest wait (ms; -1: none), the
--   queue after which `waiting_jobs` goes on ('': pending and the wait cover all queues)
-- EVENTS
-- NEEDS base policy sliding_window constraints waiting_jobs
local answers = { call('GET', key('defaults')) }

local wanted = unpack_value(tenants)
local most = math.max(1, math.floor(lanes_at_most / #wanted))
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
  local pending, wait, last = waits_of(tenant, '', most)
  local runs = running(tenant)
  local started = completed[i] + failed[i] + other_ends[i] + runs
  push_all(answers, {
    own[i], pending, runs, submitted[i], started, completed[i], failed[i], retried[i],
  })
  push2(answers, blocked[i] or '', untils[i] or '')
  push(answers, p.submit_limit > 0 and window_used('rate/' .. tenant, p.submit_window) or 0)
  push2(answers, wait, last)
end
return answers
