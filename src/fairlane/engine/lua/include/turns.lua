-- turns: which tenants start the next jobs, by start-time fair queueing (see fair_queueing.lua for the bound).
-- KEYS prefix
-- NEEDS base queue_room policy sliding_window lanes constraints pops

-- How many jobs a candidate may start now, at which cost, and how many wait in its queues.
local function measure(c, open, max)
  local p = policy(c.tenant)
  c.cost = START_COST / p.weight
  c.allowed = max
  if p.concurrency > 0 then c.allowed = p.concurrency - running(c.tenant) end
  if p.start_limit > 0 then
    c.allowed = math.min(c.allowed, p.start_limit - window_used('starts/' .. c.tenant, p.start_window))
  end
  local queues = c.queues or open.names
  if #queues == 1 and queues[1] == ALL then return find_lanes(c) end
  -- Other candidates may take the room of a queue with limits, unless it is the only queue of the claim.
  if #open.names > 1 and next(rooms) then
    c.waiting, c.popped, c.queue_of = math.huge, {}, {}
    return
  end
  if #queues == 1 then
    c.queue = queues[1]
    c.waiting = call('ZCARD', prefix .. 'lane/' .. c.tenant .. '/' .. c.queue)
    return
  end
  c.lengths = {}
  for i, queue in ipairs(queues) do
    c.lengths[i] = call('ZCARD', prefix .. 'lane/' .. c.tenant .. '/' .. queue)
    c.waiting = c.waiting + c.lengths[i]
  end
end

-- A binary heap by virtual time holds the candidates that have had a turn and may have another.
local function put_in(heap, c)
  local i = #heap + 1
  while i > 1 do
    local parent = math.floor(i / 2)
    if heap[parent].time <= c.time then break end
    heap[i] = heap[parent]
    i = parent
  end
  heap[i] = c
end

local function take_first(heap)
  local first, size = heap[1], #heap
  local c = heap[size]
  heap[size] = nil
  size = size - 1
  if size == 0 then return first end
  local i = 1
  while true do
    local child = 2 * i
    if child > size then break end
    if child < size and heap[child + 1].time < heap[child].time then child = child + 1 end
    if heap[child].time >= c.time then break end
    heap[i] = heap[child]
    i = child
  end
  heap[i] = c
  return first
end

-- Give out at most `max` turns, each to the candidate with the lowest virtual time. `candidates` come in this order.
-- Returns the turns, one candidate a start, and the highest virtual time that had a turn.
local function plan_turns(candidates, open, max)
  local again, turns, turn, fresh, floor = {}, {}, 0, 1, 0
  while turn < max do
    local c = candidates[fresh]
    if c and (not again[1] or c.time <= again[1].time) then
      fresh = fresh + 1
      measure(c, open, max)
    elseif again[1] then
      c = take_first(again)
    else
      break
    end
    if c.taken < c.allowed and c.taken < c.waiting and (not c.popped or draw(c)) then
      turn = turn + 1
      turns[turn] = c
      if c.time > floor then floor = c.time end
      c.taken = c.taken + 1
      c.time = c.time + c.cost
      if c.taken < c.allowed and c.taken < c.waiting then put_in(again, c) end
    end
  end
  return turns, floor
end

-- A tenant that has reached a limit leaves the run index of all queues until its constraint ends.
-- Returns tenant -> constraint.
local function block_at_limits(served)
  local blocks = {}
  for _, c in ipairs(served) do
    local p = policy(c.tenant)
    if p.start_limit > 0 and c.taken > 0 then window_add('starts/' .. c.tenant, p.start_window, c.taken) end
    if c.taken >= c.allowed and has_lanes(c.tenant) then
      local reason, ends = constraint(c.tenant)
      if reason then
        blocks[c.tenant] = { reason = reason, ends = ends }
        leave(ALL, c.tenant)
      end
    end
  end
  if next(blocks) then write_blocked(blocks, {}) end
  return blocks
end
