-- idle: claims that wait for work. A script that gives a queue work wakes one of them.
-- NEEDS base
--   idle/QUEUE   zset "LISTENER/NUMBER" by the time (ms) at which the claim stops waiting; idle/ is for all queues
--   idle_queues  zset QUEUE by the time (ms) at which the last claim in idle/QUEUE stops waiting
--   woken        zset QUEUE by the time (ms) by which the claim that was woken for it should have come
--   alarm        msgpack { "LISTENER/NUMBER", time (ms) }: the claim that comes when a start rate has room again
--   channel wake/LISTENER: "NUMBER/QUEUE", for the process of the claim
local WAKE_MS = 200
-- Processes that have died are skipped, so many in one call.
local MOST_DEAD = 100

local function is_runnable(queue)
  return call('EXISTS', key('run/' .. queue)) == 1 and call('SISMEMBER', key('queues_paused'), queue) == 0
end

-- Wake the claim of this list that would wait longest, and return it. Returns nil if no process listens for one.
local function wake_one_of(list, queue)
  for _ = 1, MOST_DEAD do
    local idle_claim, stops_at = unpack(call('ZPOPMAX', key('idle/' .. list)))
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
  if wake_one_of(queue, queue) or wake_one_of('', queue) then
    call('ZADD', key('woken'), now + WAKE_MS, queue)
  elseif comes_by > 0 then
    call('ZREM', key('woken'), queue)
  end
end

-- The claim that was woken for this queue has come, or cannot come: wake another if there is work.
local function wake_next(queue)
  call('ZREM', key('woken'), queue)
  wake(queue)
end

-- A claim waits in the lists of the queues that it asks for.
local function lists_of(asked)
  return #asked > 0 and asked or { '' }
end

-- Returns when (ms) a start rate has room again, and which idle claim comes then, if any.
local function next_alarm()
  local opens = first_score('blocked_until')
  local packed = opens and call('GET', key('alarm'))
  if not packed then return opens end
  local holder, at_ms = unpack(unpack_value(packed))
  if at_ms > now and at_ms <= opens then return opens, holder end
  return opens
end

local function write_alarm(idle_claim, opens)
  call('SET', key('alarm'), pack({ idle_claim, opens }))
end

-- Have an idle claim come when a start rate has room again, if none does. It is woken now, and told so by its answer.
local function set_alarm(asked)
  local opens, holder = next_alarm()
  if not opens or holder then return end
  for _, queue in ipairs(lists_of(asked)) do
    local woken = wake_one_of(queue, queue)
    if woken then return write_alarm(woken, opens) end
  end
end

-- Returns us until the claim should come again by itself, which only one idle claim does; else -1.
local function start_waiting(idle_claim, asked, wait_ms)
  local stops_at = now + wait_ms
  for _, queue in ipairs(lists_of(asked)) do
    call('ZADD', key('idle/' .. queue), stops_at, idle_claim)
    call('ZADD', key('idle_queues'), 'GT', stops_at, queue)
  end
  local opens, holder = next_alarm()
  if not opens or opens > stops_at or (holder and holder ~= idle_claim) then return -1 end
  write_alarm(idle_claim, opens)
  return math.max(0, opens * 1000 - now_us)
end

local function stop_waiting(idle_claim, asked)
  for _, queue in ipairs(lists_of(asked)) do call('ZREM', key('idle/' .. queue), idle_claim) end
  local _, holder = next_alarm()
  if holder == idle_claim then call('DEL', key('alarm')) end
end
