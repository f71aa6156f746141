#!lua flags=allow-oom
-- claim: lease up to max pending jobs to a worker, the tenant with the least virtual time first.
-- KEYS prefix
-- ARGV at worker claim lease_ms max queues
-- RETURNS now, then for each job: id, token, attempt, base attempt, record
-- EVENTS pending>running
-- NEEDS base job policy window counts lanes news
-- queues: msgpack array of names, empty for all. A repeated claim id is answered with the same leases.
local answers = { now }

local function repeated(ids)
  local records = read('HMGET', 'started', ids)
  for i, id in ipairs(ids) do
    local s = records[i] and unpack_value(records[i])
    if s and s[RUNNING] and string.sub(s[TOKEN], 1, #claim + 1) == claim .. '.' then
      push_all(answers, { id, s[TOKEN], s[ATTEMPT], s[BASE], call('GET', key('j/' .. id)) })
    end
  end
  return answers
end

local claim_key = key('claim/' .. claim)
local first_answer = call('GET', claim_key)
if first_answer then return repeated(unpack_value(first_answer)) end

max = tonumber(max)

-- Those of the queues asked for that are not paused and in which any tenant can start a job, their floors and shifts.
local function open_queues()
  local asked = unpack_value(queues)
  local known = read('HMGET', 'floor', asked)
  if #asked == 0 then
    local pairs_of_all = call('HGETALL', key('floor'))
    for i = 2, #pairs_of_all, 2 do asked[i / 2], known[i / 2] = pairs_of_all[i - 1], pairs_of_all[i] end
  end
  local paused = {}
  for _, queue in ipairs(call('SMEMBERS', key('queues_paused'))) do paused[queue] = true end
  local open, floors, shifts, seen = {}, {}, {}, {}
  for i, queue in ipairs(asked) do
    if known[i] and not paused[queue] and not seen[queue] then
      seen[queue] = true
      push(open, queue)
      push(floors, tonumber(known[i]))
      push(shifts, 0)
    end
  end
  for i, shift in ipairs(read_any('HMGET', 'shift', open)) do shifts[i] = tonumber(shift or 0) end
  return open, floors, shifts
end

local open, floors, shifts = open_queues()

-- Queues that were paused, or served by other workers as well, have unlike floors. Nobody there has saved anything up
-- by that: a queue that is behind is moved on, with all that stand in it, to the highest floor.
local highest = 0
for _, floor in ipairs(floors) do highest = math.max(highest, floor) end
for i, floor in ipairs(floors) do shifts[i] = shifts[i] + highest - floor end

-- With the fields that all have, since a table that grows is laid out anew; eight take half the room of nine.
-- Where several queues are open: least, queues, lengths and queue_of as well.
local function candidate(tenant, tag)
  return { tenant = tenant, tag = tag, cost = 0, taken = 0, allowed = false, waiting = 0, popped = false, next = 1 }
end

-- The first `max` runnable tenants of a queue are enough: each of them can start at least one job.
-- Those of the only open queue, the least virtual time first.
local function candidates_of_one()
  local order, members = {}, call('ZRANGE', key('run/' .. open[1]), 0, max - 1, 'WITHSCORES')
  for i = 2, #members, 2 do order[i / 2] = candidate(members[i - 1], members[i] + shifts[1]) end
  return order
end

-- Those of all open queues, each at the highest of its virtual times there: what it paid in one queue counts in all.
-- The least first, ties in the order of the least of their times, then of their names.
-- Looking each up in each queue takes its time, so those further behind than twice as many as may start are left out.
local function candidates_of_many()
  local names, first = {}, {}
  for n, queue in ipairs(open) do
    local members = call('ZRANGE', key('run/' .. queue), 0, max - 1, 'WITHSCORES')
    for i = 1, #members, 2 do
      local tenant, tag = members[i], members[i + 1] + shifts[n]
      if not first[tenant] then push(names, tenant) end
      first[tenant] = math.min(first[tenant] or tag, tag)
    end
  end
  if #names > 2 * max then
    table.sort(names, function(a, b) return first[a] < first[b] or (first[a] == first[b] and a < b) end)
    names = { unpack(names, 1, 2 * max) }
  end
  local order = {}
  for i, tenant in ipairs(names) do
    order[i] = candidate(tenant, highest)
    order[i].least = math.huge
    order[i].queues = {}
  end
  for n, queue in ipairs(open) do
    for i, score in ipairs(read('ZMSCORE', 'run/' .. queue, names)) do
      if score then
        local c, tag = order[i], score + shifts[n]
        c.tag = math.max(c.tag, tag)
        c.least = math.min(c.least, tag)
        push(c.queues, queue)
      end
    end
  end
  table.sort(order, function(a, b)
    if a.tag ~= b.tag then return a.tag < b.tag end
    if a.least ~= b.least then return a.least < b.least end
    return a.tenant < b.tenant
  end)
  return order
end

-- How many jobs this tenant may start now, and how many it has here.
local function measure(c)
  local p = policy(c.tenant)
  c.cost = START_COST / p.weight
  c.allowed = max
  if p.concurrency > 0 then c.allowed = p.concurrency - running(c.tenant) end
  if p.start_limit > 0 then
    c.allowed = math.min(c.allowed, p.start_limit - window_used('starts/' .. c.tenant, p.start_window))
  end
  local queues = c.queues or open
  if #queues == 1 then
    c.waiting = call('ZCARD', prefix .. 'lane/' .. c.tenant .. '/' .. queues[1])
    return
  end
  c.lengths = {}
  for i, queue in ipairs(queues) do
    c.lengths[i] = call('ZCARD', prefix .. 'lane/' .. c.tenant .. '/' .. queue)
    c.waiting = c.waiting + c.lengths[i]
  end
end

-- A binary heap of the tenants that have had a turn and may have another.
local function put_in(heap, c)
  local i = #heap + 1
  while i > 1 do
    local parent = math.floor(i / 2)
    if heap[parent].tag <= c.tag then break end
    heap[i] = heap[parent]
    i = parent
  end
  heap[i] = c
end

local function take_out(heap)
  local first, size = heap[1], #heap
  local c = heap[size]
  heap[size] = nil
  size = size - 1
  if size == 0 then return first end
  local i = 1
  while true do
    local child = 2 * i
    if child > size then break end
    if child < size and heap[child + 1].tag < heap[child].tag then child = child + 1 end
    if heap[child].tag >= c.tag then break end
    heap[i] = heap[child]
    i = child
  end
  heap[i] = c
  return first
end

-- Who starts the next `max` jobs, one at a time: the turns, in order, and the virtual time reached.
local function plan_turns(order)
  local again, turns, turn, fresh, floor = {}, {}, 0, 1, 0
  while turn < max do
    local c = order[fresh]
    if c and (not again[1] or c.tag <= again[1].tag) then
      fresh = fresh + 1
      measure(c)
    elseif again[1] then
      c = take_out(again)
    else
      break
    end
    if c.taken < c.allowed and c.taken < c.waiting then
      turn = turn + 1
      turns[turn] = c
      if c.tag > floor then floor = c.tag end
      c.taken = c.taken + 1
      c.tag = c.tag + c.cost
      if c.taken < c.allowed and c.taken < c.waiting then put_in(again, c) end
    end
  end
  return turns, floor
end

local emptied, unlaned = {}, {} -- lanes, and by queue the tenants that leave its run index
local taken_from = {} -- queue -> minus the jobs that leave it
local function leave(queue, tenant)
  if unlaned[queue] == nil then unlaned[queue] = {} end
  push(unlaned[queue], tenant)
end

local function pop(c, queue, count, length)
  local lane = c.tenant .. '/' .. queue
  if count == length then
    push(emptied, lane)
    leave(queue, c.tenant)
  end
  taken_from[queue] = (taken_from[queue] or 0) - count
  return call('ZPOPMIN', prefix .. 'lane/' .. lane, count)
end

-- Over several lanes of a tenant, its jobs go by priority, then age, as within one.
local function pop_over_lanes(c)
  local heads, share = {}, {}
  for i, queue in ipairs(c.queues) do
    local range = call('ZRANGE', key('lane/' .. c.tenant .. '/' .. queue), 0, c.taken - 1, 'WITHSCORES')
    for j = 1, #range, 2 do push(heads, { tonumber(range[j + 1]), i, range[j] }) end
    share[i] = 0
  end
  table.sort(heads, function(a, b) return a[1] < b[1] end)
  c.popped, c.queue_of = {}, {}
  for i = 1, c.taken do
    local rank, lane, id = unpack(heads[i])
    share[lane] = share[lane] + 1
    push2(c.popped, id, rank)
    c.queue_of[id] = c.queues[lane]
  end
  for i, queue in ipairs(c.queues) do
    if share[i] > 0 then pop(c, queue, share[i], c.lengths[i]) end
  end
end

if #open == 0 then return answers end
local order = #open == 1 and candidates_of_one() or candidates_of_many()
local tenants = {}
for i, c in ipairs(order) do tenants[i] = c.tenant end
load_policies(tenants)
local turns, floor = plan_turns(order)

local served = {}
for _, c in ipairs(order) do
  if c.taken > 0 then
    local queues = c.queues or open
    if #queues == 1 then
      c.popped = pop(c, queues[1], c.taken, c.waiting)
    else
      pop_over_lanes(c)
    end
    push(served, c)
  elseif c.allowed then -- it had its turn and could start nothing: a run index was wrong
    for _, queue in ipairs(c.queues or open) do touch(c.tenant, queue) end
  end
end
settle()
if #turns == 0 then return answers end
write('ZREM', 'lanes', emptied)
change_depths(taken_from)

-- Leases and slots.
local ids, keys, ranks = {}, {}, {}
for i, c in ipairs(turns) do
  local id = c.popped[c.next]
  ids[i] = id
  ranks[i] = tonumber(c.popped[c.next + 1])
  keys[i] = prefix .. 'j/' .. id
  c.next = c.next + 2
end
local records = call('MGET', unpack(keys))
local earlier = read('HMGET', 'started', ids)
local ready = read_any('HMGET', 'ready', ids)
local fence = call('INCRBY', key('fence'), #turns) - #turns
local started, leases, slots, waited = {}, {}, {}, 0
local expires = now + lease_ms
for i, c in ipairs(turns) do
  local id, attempt, base = ids[i], 1, 0
  if earlier[i] then
    local s = unpack_value(earlier[i])
    attempt, base = s[ATTEMPT] + 1, s[BASE]
  end
  local token = claim .. '.' .. (fence + i)
  local queue = c.queue_of and c.queue_of[id] or (c.queues or open)[1]
  started[2 * i - 1] = id
  started[2 * i] = pack({
    token, true, attempt, base, now, worker, c.tenant, queue, ranks[i], '', '',
  })
  leases[2 * i - 1], leases[2 * i] = expires, id
  slots[2 * i - 1], slots[2 * i] = 0, c.tenant .. '/' .. id
  local n = 5 * i - 3
  answers[n], answers[n + 1], answers[n + 2], answers[n + 3], answers[n + 4] = id, token, attempt, base, records[i]
  waited = waited + math.max(0, now - (ready[i] or created_of(records[i])))
end
write('HSET', 'started', started)
write('ZADD', 'leases', leases)
write('ZADD', 'slots', slots)
call('SET', claim_key, pack(ids), 'PX', lease_ms)
if #ready > 0 then write('HDEL', 'ready', ids) end
sum('started', #turns)
sum('wait_ms', waited)
write_counts()
tell({ running = leases }, {})

-- A tenant that may start no more leaves every run index, until what blocks it ends.
local blocks = {}
for _, c in ipairs(served) do
  local p = policy(c.tenant)
  if p.start_limit > 0 then window_add('starts/' .. c.tenant, p.start_window, c.taken) end
  if c.taken >= c.allowed then
    local left = queues_of(c.tenant)
    local reason, ends = constraint(c.tenant)
    if #left > 0 and reason then
      blocks[c.tenant] = { reason = reason, ends = ends }
      for _, queue in ipairs(left) do leave(queue, c.tenant) end
    end
  end
end
if next(blocks) then write_blocked(blocks, {}) end
if by_seconds then
  -- What it owes is paid by those who went before it. Who was alone here still owes the rest of it elsewhere.
  local names, paid, unpaid = {}, {}, {}
  for i, c in ipairs(served) do names[i] = c.tenant end
  for i, owed in ipairs(read_any('HMGET', 'owed', names)) do
    local c = served[i]
    local left = owed and math.min(owed, c.tag - c.taken * c.cost - highest) or 0
    if left > 0 then push2(unpaid, c.tenant, left) else push(paid, c.tenant) end
  end
  write('HDEL', 'owed', paid)
  write('HSET', 'owed', unpaid)
end

-- Charge the served tenants in every queue that this worker serves: their clock is one. XX leaves out
-- those that have left a queue's run index.
local idle = {}
for queue, gone in pairs(unlaned) do
  write('ZREM', 'run/' .. queue, gone)
  if nobody_can_run(queue) then push(idle, queue) end
end
local charged, leavers = {}, {}
for _, c in ipairs(served) do
  local stays = c.taken < c.waiting and not blocks[c.tenant]
  if stays or #open > 1 then push(charged, c) end
  if not stays then push(leavers, c) end
end
local names, rest = {}, {}
for i, c in ipairs(leavers) do names[i] = c.tenant end
local resting = read_any('HMGET', 'resting', names)
for i, c in ipairs(leavers) do push2(rest, c.tenant, math.max(c.tag, tonumber(resting[i] or 0))) end
local raised, shifted = {}, {}
floor = math.max(floor, highest)
for i, queue in ipairs(open) do
  if not nobody_can_run(queue) then
    if #charged > 0 then
      local scores = { 'XX', 'GT' }
      for _, c in ipairs(charged) do push2(scores, c.tag - shifts[i], c.tenant) end
      call('ZADD', key('run/' .. queue), unpack(scores))
    end
    if floor > floors[i] then push2(raised, queue, floor) end
    if highest > floors[i] then push2(shifted, queue, shifts[i]) end
  end
end
write('HSET', 'resting', rest)
write('HSET', 'shift', shifted)
write('HSET', 'floor', raised)
forget_floors(idle)
if floor > highest_floor() then call('SET', key('clock'), floor) end
return answers
