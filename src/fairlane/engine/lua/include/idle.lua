-- idle: claims that wait for work. A script that gives a queue work wakes one of them.
-- NEEDS base queue_limits
--   idle/QUEUE   zset "LISTENER/NUMBER" by the time (ms) at which the claim stops waiting; idle/* is for all queues
--   idle_queues  zset QUEUE by the time (ms) at which the last claim in idle/QUEUE stops waiting
--   woken        zset QUEUE by the time (ms) by which the claim that was woken for it should have come
--   channel wake/LISTENER: "NUMBER/QUEUE", for the process of the claim
local WAKE_MS = 200
-- Processes that have died are skipped, a bounded number in one call.
local MOST_DEAD = 100

local function is_runnable(queue)
  if call('EXISTS', key('run/' .. queue)) == 1 and call('SISMEMBER', key('queues_paused'), queue) == 0 then
    if has_room(queue) then return true end
  end
  local with_limits = queue == ALL and some_have_limits() and call('HKEYS', key('queue_limits')) or {}
  for _, name in ipairs(with_limits) do
    if is_runnable(name) then return true end
  end
  return false
end

-- These queues, and all queues if one of them has limits: then it does not count in the run index of all.
local function with_all(queues)
  if #queues == 0 or not some_have_limits() then return queues end
  for _, packed in ipairs(read('HMGET', 'queue_limits', queues)) do
    if packed then
      local lists = { ALL }
      push_all(lists, queues)
      return lists
    end
  end
  return queues
end

-- Wake the claim for this queue (*: all queues) that would wait longest, and return it. Returns nil if no process
-- listens for one.
local function wake_one_of(queue)
  for _ = 1, MOST_DEAD do
    local idle_claim, stops_at = unpack(call('ZPOPMAX', key('idle/' .. queue)))
    if not idle_claim then return end
    local listener, number = string.match(idle_claim, '^(.*)/(.*)$')
    if tonumber(stops_at) > now and call('PUBLISH', key('wake/' .. listener), number .. '/' .. queue) > 0 then
      return idle_claim
    end
  end
end

-- While a woken claim is on its way, others stay asleep: it wakes the next one if it leaves work behind. If it does not
-- come in time, `promote` wakes another.
local function wake(queue)
  local comes_by = tonumber(call('ZSCORE', key('woken'), queue) or 0)
  if comes_by > now or not is_runnable(queue) then return end
  if wake_one_of(queue) then
    call('ZADD', key('woken'), now + WAKE_MS, queue)
  elseif comes_by > 0 then
    call('ZREM', key('woken'), queue)
  end
end

-- Wake a claim for each of these queues. One waits for few of them, or none.
local function wake_each(queues)
  queues = with_all(queues)
  local waiting, woken = read_any('ZMSCORE', 'idle_queues', queues), read_any('ZMSCORE', 'woken', queues)
  for i, queue in ipairs(queues) do
    if waiting[i] or woken[i] then wake(queue) end
  end
end

-- The claim that was woken for this queue has come, or cannot come: wake another if there is work.
local function wake_next(queue)
  call('ZREM', key('woken'), queue)
  wake(queue)
end
