-- waits: how a claim begins and stops to wait. Of all idle claims, one comes when a start rate has room again.
-- NEEDS base idle
--   alarm  msgpack { "LISTENER/NUMBER", time (ms) }: this idle claim comes at this time

-- A claim waits in the lists of the queues that it asks for, or in that of all queues.
local function lists_of(asked)
  return #asked > 0 and asked or { ALL }
end

-- A claim has looked at these queues (none: all): other idle claims take what it leaves behind.
local function wake_others(asked, opened)
  local lists = lists_of(asked)
  for i, comes_by in ipairs(read_any('ZMSCORE', 'woken', lists)) do
    if comes_by then wake_next(lists[i]) end
  end
  wake_each(opened)
end

-- Returns when (ms) a start rate has room again, and which idle claim comes then, if any.
local function next_alarm()
  local opens = math.min(first_score('blocked_until') or math.huge, first_score('full_until') or math.huge)
  if opens == math.huge then return end
  local packed = call('GET', key('alarm'))
  if not packed then return opens end
  local holder, at_ms = unpack(unpack_value(packed))
  if at_ms > now and at_ms <= opens then return opens, holder end
  return opens
end

-- Have an idle claim come when a start rate has room again, if none does. It is woken now, and its answer says when.
local function set_alarm(asked)
  local opens, holder = next_alarm()
  if not opens or holder then return end
  for _, queue in ipairs(lists_of(asked)) do
    local woken = wake_one_of(queue)
    if woken then
      call('SET', key('alarm'), pack({ woken, opens }))
      return
    end
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
  call('SET', key('alarm'), pack({ idle_claim, opens }))
  return math.max(0, opens * 1000 - now_us)
end

local function stop_waiting(idle_claim, asked)
  for _, queue in ipairs(lists_of(asked)) do call('ZREM', key('idle/' .. queue), idle_claim) end
  local _, holder = next_alarm()
  if holder == idle_claim then call('DEL', key('alarm')) end
end
