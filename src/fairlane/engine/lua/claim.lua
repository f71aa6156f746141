#!lua flags=allow-oom
-- claim: lease up to max pending jobs to a worker, the tenant with the least virtual time first.
-- KEYS prefix
-- ARGV at worker claim lease_ms max queues
-- RETURNS now, then for each job: id, token, attempt, base attempt, record
-- EVENTS pending>running
-- queues: msgpack array of names, empty for all. A repeated claim id is answered with the same leases.
-- include base
-- include job
-- include policy
-- include window
-- include lanes
local answers = { now }

local function repeated(ids)
  local records = read('HMGET', 'started', ids)
  for i, id in ipairs(ids) do
    local s = records[i] and started_of(records[i])
    if s and s.running and string.sub(s.token, 1, #claim + 1) == claim .. '.' then
      push(answers, id, s.token, s.attempt, s.base, call('GET', key('j/' .. id)))
    end
  end
  return answers
end

local claim_key = key('claim/' .. claim)
local first_answer = call('GET', claim_key)
if first_answer then return repeated(unpack_value(first_answer)) end

max = tonumber(max)

local function open_queues()
  local asked = unpack_value(queues)
  if #asked == 0 then asked = call('SMEMBERS', key('queues')) end
  local paused = {}
  for _, queue in ipairs(call('SMEMBERS', key('queues_paused'))) do paused[queue] = true end
  local open = {}
  for _, queue in ipairs(asked) do
    if not paused[queue] then push(open, queue) end
  end
  return open
end

-- The first `max` runnable tenants of each queue are enough: each of them can start at least one job.
local function candidates(open)
  local by_tenant, order = {}, {}
  for _, queue in ipairs(open) do
    local members = call('ZRANGE', key('run/' .. queue), 0, max - 1, 'WITHSCORES')
    for i = 1, #members, 2 do
      local tenant, tag = members[i], tonumber(members[i + 1])
      local c = by_tenant[tenant]
      if c == nil then
        c = { tenant = tenant, tag = tag, queues = {}, taken = 0, order = #order + 1 }
        by_tenant[tenant] = c
        push(order, c)
      end
      c.tag = math.min(c.tag, tag)
      push(c.queues, queue)
    end
  end
  return order
end

-- How many jobs this tenant may start now, and how many it has here.
local function measure(c)
  local p = policy(c.tenant)
  c.cost = 1 / p.weight
  c.allowed = max
  if p.concurrency > 0 then c.allowed = p.concurrency - running(c.tenant) end
  if p.start_limit > 0 then
    c.allowed = math.min(c.allowed, p.start_limit - window_used('starts/' .. c.tenant, p.start_window))
  end
  c.waiting, c.lengths = 0, {}
  for i, queue in ipairs(c.queues) do
    c.lengths[i] = call('ZCARD', key('lane/' .. c.tenant .. '/' .. queue))
    c.waiting = c.waiting + c.lengths[i]
  end
end

-- A binary heap of candidates, least virtual time first, ties by the order in which they were met.
local function before(a, b)
  return a.tag < b.tag or (a.tag == b.tag and a.order < b.order)
end

local function sink(heap, i)
  local size, c = #heap, heap[i]
  while true do
    local child = 2 * i
    if child > size then break end
    if child < size and before(heap[child + 1], heap[child]) then child = child + 1 end
    if not before(heap[child], c) then break end
    heap[i] = heap[child]
    i = child
  end
  heap[i] = c
end

-- Who starts the next `max` jobs, one at a time: the turns, in order, and the virtual time reached.
local function plan_turns(order)
  local heap, turns, floor = {}, {}, 0
  for i, c in ipairs(order) do heap[i] = c end
  for i = math.floor(#heap / 2), 1, -1 do sink(heap, i) end
  while #turns < max and #heap > 0 do
    local c = heap[1]
    if not c.cost then measure(c) end
    if c.taken < c.allowed and c.taken < c.waiting then
      push(turns, c)
      floor = math.max(floor, c.tag)
      c.taken = c.taken + 1
      c.tag = c.tag + c.cost
    end
    if c.taken >= c.allowed or c.taken >= c.waiting then
      heap[1] = heap[#heap]
      heap[#heap] = nil
    end
    if #heap > 0 then sink(heap, 1) end
  end
  return turns, floor
end

-- Over several lanes of a tenant, its jobs go by priority, then age, as within one.
local function share_over_lanes(c)
  if #c.queues == 1 then return { c.taken } end
  local heads = {}
  for i, queue in ipairs(c.queues) do
    local range = call('ZRANGE', key('lane/' .. c.tenant .. '/' .. queue), 0, c.taken - 1, 'WITHSCORES')
    for j = 2, #range, 2 do push(heads, { tonumber(range[j]), i }) end
  end
  table.sort(heads, function(a, b) return a[1] < b[1] end)
  local shares = {}
  for i = 1, #c.queues do shares[i] = 0 end
  for i = 1, c.taken do shares[heads[i][2]] = shares[heads[i][2]] + 1 end
  return shares
end

local emptied, unlaned = {}, {} -- lanes, and by queue the tenants that leave its run index
local function take_jobs(c)
  c.jobs = {}
  for i, take in ipairs(share_over_lanes(c)) do
    local queue = c.queues[i]
    local lane = c.tenant .. '/' .. queue
    if take > 0 then
      local popped = call('ZPOPMIN', key('lane/' .. lane), take)
      for j = 1, #popped, 2 do push(c.jobs, { popped[j], queue, tonumber(popped[j + 1]) }) end
    end
    if take == c.lengths[i] then
      push(emptied, lane)
      unlaned[queue] = unlaned[queue] or {}
      unlaned[queue][c.tenant] = true
    end
  end
  table.sort(c.jobs, function(a, b) return a[3] < b[3] end)
end

local open = open_queues()
local order = candidates(open)
if #order == 0 then return answers end
local tenants = {}
for i, c in ipairs(order) do tenants[i] = c.tenant end
load_policies(tenants)
local turns, floor = plan_turns(order)
if #turns == 0 then return answers end

local served = {}
for _, c in ipairs(order) do
  if c.taken > 0 then
    take_jobs(c)
    c.next = 1
    push(served, c)
  end
end
write('ZREM', 'lanes', emptied)

-- Leases and slots.
local ids, keys, picked = {}, {}, {}
for i, c in ipairs(turns) do
  local job = c.jobs[c.next]
  c.next = c.next + 1
  picked[i] = { c, job }
  ids[i] = job[1]
  keys[i] = key('j/' .. job[1])
end
local records = call('MGET', unpack(keys))
local earlier = read('HMGET', 'started', ids)
local fence = call('INCRBY', key('fence'), #turns) - #turns
local started, leases, slots = {}, {}, {}
local expires = now + lease_ms
for i, pick in ipairs(picked) do
  local tenant, id, queue, rank = pick[1].tenant, pick[2][1], pick[2][2], pick[2][3]
  local attempt, base = 1, 0
  if earlier[i] then
    local s = started_of(earlier[i])
    attempt, base = s.attempt + 1, s.base
  end
  local token = claim .. '.' .. (fence + i)
  push(started, id, pack({ token, true, attempt, base, now, worker, tenant, queue, rank, '', '' }))
  push(leases, expires, id)
  push(slots, 0, tenant .. '/' .. id)
  push(answers, id, token, attempt, base, records[i])
end
write('HSET', 'started', started)
write('ZADD', 'leases', leases)
write('ZADD', 'slots', slots)
call('SET', claim_key, pack(ids), 'PX', lease_ms)

-- A tenant that may start no more leaves every run index, until what blocks it ends.
local blocks = {}
for _, c in ipairs(served) do
  local p = policy(c.tenant)
  if p.start_limit > 0 then window_add('starts/' .. c.tenant, p.start_window, c.taken) end
  if c.taken >= c.allowed then
    local left = queues_of(c.tenant)
    local reason, ends = constraint(c.tenant)
    if #left > 0 and reason then blocks[c.tenant] = { reason = reason, ends = ends } end
    for _, queue in ipairs(left) do
      if reason then
        unlaned[queue] = unlaned[queue] or {}
        unlaned[queue][c.tenant] = true
      end
    end
  end
end
write_blocked(blocks, {})

-- Charge the served tenants in every queue that this worker serves: their clock is one.
local rest, floors = {}, {}
local old_floors = read('HMGET', 'floor', open)
for i, queue in ipairs(open) do
  local charged = { 'XX', 'GT' }
  for _, c in ipairs(served) do
    if not (unlaned[queue] and unlaned[queue][c.tenant]) then push(charged, c.tag, c.tenant) end
  end
  if #charged > 2 then call('ZADD', key('run/' .. queue), unpack(charged)) end
  if floor > (tonumber(old_floors[i]) or 0) then push(floors, queue, floor) end
end
for queue, gone in pairs(unlaned) do
  local leave = {}
  for tenant in pairs(gone) do push(leave, tenant) end
  write('ZREM', 'run/' .. queue, leave)
end
for _, c in ipairs(served) do
  if c.taken == c.waiting or blocks[c.tenant] then push(rest, c.tag, c.tenant) end
end
write('ZADD', 'resting', rest)
write('HSET', 'floor', floors)
return answers
