-- candidates: the tenants that a claim may serve, lowest virtual time first.
-- NEEDS base lanes lane_heads queue_room fair_queueing

-- What one claim may set right at most, so that it stays short: tenants that are blocked, queues that are paused or
-- have new limits. One that meets more of them comes again at once.
local repairs_left = 500
local some_stand_apart = call('EXISTS', key('queues_paused'), key('queue_limits')) > 0
-- Then lanes of queues that stand apart may be in `heads`.
local must_park = some_stand_apart and call('EXISTS', key('queues_paused'), key('new_limits')) > 0
local tenants_are_blocked = call('EXISTS', key('blocked')) == 1

-- A claim over several queues looks up each candidate in each queue. This is how often, at most.
local MOST_LOOK_UPS = 2000

local function most_starts(open, max)
  if #open.names == 1 then return math.min(max, rooms[open.names[1]] or max) end
  return math.min(max, math.ceil(MOST_LOOK_UPS / 2 / #open.names))
end

-- Of the run indexes for a claim, those with a runnable tenant that are not paused and have room. `limits`: QueueLimits
-- (msgpack) of each, or false. Returns their names and floors.
local function find_open_indexes(requested, limits)
  local floors, paused = read('HMGET', 'floor', requested), read_any('SMISMEMBER', 'queues_paused', requested)
  local names, floors_of_names, seen = {}, {}, {}
  for i, index in ipairs(requested) do
    if floors[i] and paused[i] ~= 1 and not seen[index] and open_room(index, limits[i], must_park) then
      seen[index] = true
      push(names, index)
      push(floors_of_names, tonumber(floors[i]))
    end
  end
  return names, floors_of_names
end

-- Returns the open run indexes as parallel lists, and their highest floor. Floors differ where queues were paused or
-- are also served by other workers. Tenants gain nothing by that: each index's shift moves it up to the highest floor.
local function read_open_indexes(requested)
  local serves_all = #requested == 0
  local limits = {}
  if serves_all and some_stand_apart then
    requested, limits = indexes_of_all()
  elseif serves_all then
    requested = { ALL }
  elseif some_stand_apart then
    limits = read('HMGET', 'queue_limits', requested)
  end
  local names, floors = find_open_indexes(requested, limits)
  local open = { names = names, floors = floors, shifts = {}, highest = 0, serves_all = serves_all }
  for _, floor in ipairs(floors) do open.highest = math.max(open.highest, floor) end
  local shifts = read_any('HMGET', 'shift', names)
  for i, floor in ipairs(floors) do open.shifts[i] = tonumber(shifts[i] or 0) + open.highest - floor end
  return open
end

local function park(tenant, queue)
  repairs_left = repairs_left - 1
  remove_head(tenant, queue)
  call('SADD', key('parked/' .. queue), tenant)
end

-- Whether the tenant has a job in a queue that does not stand apart, as far as `repairs_left` lets us look.
local function can_start(tenant)
  while true do
    local queue = first_head(tenant)
    if not queue then return false end
    if repairs_left <= 0 or not stands_apart(queue) then return true end
    park(tenant, queue)
  end
end

-- Which of these tenants of a run index do not belong there any more. For a queue, these are the blocked ones.
local function find_stale(index, tenants)
  local stale = {}
  if index ~= ALL then return read('HMGET', 'blocked', tenants) end
  for i, tenant in ipairs(tenants) do stale[i] = not can_start(tenant) end
  return stale
end

local function remove_stale(index, tenants)
  repairs_left = repairs_left - #tenants
  leave_run_indexes({ [index] = tenants }, {})
  if index == ALL then return end
  for _, tenant in ipairs(tenants) do call('SADD', key('away/' .. tenant), index) end
end

-- The first `max` tenants of a run index that can start a job, with their scores. Others leave it now.
local function first_of(index, max)
  local first, some_are_stale = {}, index == ALL and must_park or index ~= ALL and tenants_are_blocked
  if not some_are_stale then return call('ZRANGE', key('run/' .. index), 0, max - 1, 'WITHSCORES') end
  while true do
    local members = call('ZRANGE', key('run/' .. index), #first / 2, max - 1, 'WITHSCORES')
    local tenants, removed = {}, {}
    for i = 1, #members, 2 do tenants[(i + 1) / 2] = members[i] end
    for i, is_stale in ipairs(find_stale(index, tenants)) do
      if is_stale then push(removed, tenants[i]) else push2(first, tenants[i], members[2 * i]) end
    end
    if #removed > 0 then remove_stale(index, removed) end
    if #removed == 0 or repairs_left <= 0 then return first end
  end
end

-- All fields are set at once because a table that grows is allocated again. If the worker names several queues, a
-- candidate also has least, queues, times (in run indexes of queues with limits), lengths and queue_of.
local function candidate(tenant, time)
  return {
    tenant = tenant, time = time, cost = 0, taken = 0, allowed = false, waiting = 0, queue = false, popped = false,
    next = 1, names = false, only_head = false,
  }
end

-- Each runnable tenant can start at least one job, so the first `max` of a run index are enough.
local function candidates_of_one(open, max)
  local list, members = {}, first_of(open.names[1], max)
  for i = 1, #members, 2 do list[(i + 1) / 2] = candidate(members[i], members[i + 1] + open.shifts[1]) end
  return list
end

-- The first `max` tenants of each queue; of these at most 2 * max, as each costs a look-up in every queue.
local function first_tenants(open, max)
  local names, first = {}, {}
  for n, queue in ipairs(open.names) do
    local members = first_of(queue, max)
    for i = 1, #members, 2 do
      local tenant, time = members[i], members[i + 1] + open.shifts[n]
      if not first[tenant] then push(names, tenant) end
      first[tenant] = math.min(first[tenant] or time, time)
    end
  end
  if #names <= 2 * max then return names end
  table.sort(names, function(a, b) return first[a] < first[b] or (first[a] == first[b] and a < b) end)
  return { unpack(names, 1, 2 * max) }
end

-- A tenant counts with the highest of its virtual times in the open queues, so that a start in one counts in all.
-- Ties go by its lowest time, then by name.
local function candidates_of_many(open, max)
  local names, list = first_tenants(open, max), {}
  for i, tenant in ipairs(names) do
    list[i] = candidate(tenant, open.highest)
    list[i].least = math.huge
    list[i].queues = {}
    list[i].times = {}
  end
  for n, queue in ipairs(open.names) do
    for i, score in ipairs(read('ZMSCORE', 'run/' .. queue, names)) do
      if score then
        local c, time = list[i], score + open.shifts[n]
        c.time = math.max(c.time, time)
        c.least = math.min(c.least, time)
        push(c.queues, queue)
        if rooms[queue] then c.times[queue] = math.max(time, open.highest) end
      end
    end
  end
  table.sort(list, function(a, b)
    if a.time ~= b.time then return a.time < b.time end
    if a.least ~= b.least then return a.least < b.least end
    return a.tenant < b.tenant
  end)
  return list
end

local function find_candidates(open, max)
  return #open.names == 1 and candidates_of_one(open, max) or candidates_of_many(open, max)
end
