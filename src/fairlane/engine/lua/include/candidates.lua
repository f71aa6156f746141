-- candidates: the tenants that a claim may serve, lowest virtual time first.
-- NEEDS base
--   queues_paused  set QUEUE

-- Open queues: requested (default: all), not paused, with a runnable tenant. Returns their names and floors.
local function find_open_queues(requested)
  local floors = read('HMGET', 'floor', requested)
  if #requested == 0 then
    local all = call('HGETALL', key('floor'))
    for i = 2, #all, 2 do requested[i / 2], floors[i / 2] = all[i - 1], all[i] end
  end
  local excluded = {}
  for _, queue in ipairs(call('SMEMBERS', key('queues_paused'))) do excluded[queue] = true end
  local names, floors_of_names = {}, {}
  for i, queue in ipairs(requested) do
    if floors[i] and not excluded[queue] then
      excluded[queue] = true -- a second mention
      push(names, queue)
      push(floors_of_names, tonumber(floors[i]))
    end
  end
  return names, floors_of_names
end

-- Returns the open queues as parallel lists, and their highest floor. Floors differ where queues were paused or are
-- also served by other workers. Tenants gain nothing by that: each queue's shift moves it up to the highest floor.
local function read_open_queues(requested)
  local names, floors = find_open_queues(requested)
  local open = { names = names, floors = floors, shifts = {}, highest = 0 }
  for _, floor in ipairs(floors) do open.highest = math.max(open.highest, floor) end
  local shifts = read_any('HMGET', 'shift', names)
  for i, floor in ipairs(floors) do open.shifts[i] = tonumber(shifts[i] or 0) + open.highest - floor end
  return open
end

-- All fields are set at once because a table that grows is allocated again; eight fields take half the memory of nine.
-- If several queues are open, a candidate also has least, queues, lengths and queue_of.
local function candidate(tenant, time)
  return { tenant = tenant, time = time, cost = 0, taken = 0, allowed = false, waiting = 0, popped = false, next = 1 }
end

-- Each runnable tenant can start at least one job, so the first `max` of a queue are enough.
local function candidates_of_one(open, max)
  local list, members = {}, call('ZRANGE', key('run/' .. open.names[1]), 0, max - 1, 'WITHSCORES')
  for i = 2, #members, 2 do list[i / 2] = candidate(members[i - 1], members[i] + open.shifts[1]) end
  return list
end

-- The first `max` tenants of each queue; of these at most 2 * max, as each costs a look-up in every queue.
local function first_tenants(open, max)
  local names, first = {}, {}
  for n, queue in ipairs(open.names) do
    local members = call('ZRANGE', key('run/' .. queue), 0, max - 1, 'WITHSCORES')
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
  end
  for n, queue in ipairs(open.names) do
    for i, score in ipairs(read('ZMSCORE', 'run/' .. queue, names)) do
      if score then
        local c, time = list[i], score + open.shifts[n]
        c.time = math.max(c.time, time)
        c.least = math.min(c.least, time)
        push(c.queues, queue)
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
