-- fair_queueing: start-time fair queueing (SFQ; Goyal, Vin and Cheng 1996) over the tenants of a run index.
-- NEEDS base policy
--   run/QUEUE  zset TENANT by virtual time less the index's shift. run/* is for the workers that serve all queues: the
--              tenants with a job in a queue that does not stand apart, that nothing blocks. run/QUEUE is for the
--              workers that name this queue, and if it has limits for all workers: the tenants with a job in it. A
--              blocked tenant stays until a claim meets it there.
--   floor      hash QUEUE -> the virtual time of the run index itself; exists while the index does
--   served     zset QUEUE by its floor: the run indexes that claims have charged. In the others no tenant is ahead
--   shift      hash QUEUE -> the amount by which its whole run index was moved up, if it is served
--   clock      the highest floor so far, at which the floor of a run index that was empty begins
--   resting    hash TENANT -> the highest virtual time with which it left a run index; deleted when the floors of all
--              served run indexes have passed it
--
-- A turn goes to the tenant with the lowest virtual time (start tag; turns.lua). It raises the floor to this time (v,
-- the start tag in service) and then the tenant's time by cost / weight (finish tag). A tenant that becomes runnable
-- starts at its own time or at the floor, whichever is higher: idling saves nothing.
--
-- Workers that serve all queues are one group and use one run index, in which a tenant stands once, so that a claim
-- costs the same however many queues there are. Workers that name queues use the run indexes of these, and a start
-- counts in each of them. A start counts in the run indexes of the group that made it, and in no other.
--
-- Bound: while tenants A and B are runnable for the same group of workers, the costs of what this group starts for
-- them, each divided by its weight, differ over any interval by at most cost / weight of A + cost / weight of B,
-- however long their backlogs are and however many queues they use. A tenant that becomes runnable with a time below
-- the floor waits for at most one start of each other tenant. Where several groups serve the same tenants, the bound
-- holds in each group, and the differences of the groups add up.
-- By 'jobs' a cost is 1. By 'seconds' it is the run time. Most of it is charged when the lease ends (run_time.lua), so
-- the difference may grow by the run time of the jobs that the tenants have running.
--
-- A queue with limits is a resource that its tenants share apart: in its run index they pay for its own jobs alone.
--
-- There is one level, not the tree of hierarchical SFQ: spreading jobs over queues gains nothing. Within a tenant, jobs
-- go by priority, then age.

local function highest_floor()
  return tonumber(call('GET', key('clock')) or 0)
end

local function shift_of(index)
  return tonumber(call('HGET', key('shift'), index) or 0)
end

local function is_run_index_empty(index)
  return call('EXISTS', key('run/' .. index)) == 0
end

-- The virtual time at which a tenant becomes runnable: at least the floor. At most one start plus the run time owed
-- above it, because the tenant may have been charged in run indexes with a higher floor, for other workers.
local function entry_time(tenant, time, floor)
  time = math.max(time or 0, floor)
  local owed = by_seconds and call('HGET', key('owed'), tenant) or 0
  return math.min(time, floor + START_COST / policy(tenant).weight + owed)
end

-- Keep virtual times where they are higher than the ones kept before.
local function rest(tenants, times)
  local resting = {}
  for i, before in ipairs(read('HMGET', 'resting', tenants)) do
    if times[i] and times[i] > tonumber(before or 0) then push2(resting, tenants[i], times[i]) end
  end
  write('HSET', 'resting', resting)
end

local function names_in(by_index)
  local indexes = {}
  for index in pairs(by_index) do push(indexes, index) end
  return indexes
end

-- entrants: run index -> tenants that enter it; times: tenant -> its virtual time, if it has one. Returns the run
-- indexes that were empty.
local function enter_run_indexes(entrants, times)
  local indexes, opened, new_floors = names_in(entrants), {}, {}
  if #indexes == 0 then return opened end
  local floors, shifts, clock = read('HMGET', 'floor', indexes), read_any('HMGET', 'shift', indexes), highest_floor()
  for i, index in ipairs(indexes) do
    local floor, shift, members = tonumber(floors[i]), tonumber(shifts[i] or 0), {}
    if not floor then
      floor, shift = clock, 0
      push(opened, index)
      push2(new_floors, index, floor)
    end
    for _, tenant in ipairs(entrants[index]) do
      push2(members, entry_time(tenant, times[tenant], floor) - shift, tenant)
    end
    write('ZADD', 'run/' .. index, members)
  end
  write('HSET', 'floor', new_floors)
  return opened
end

local function rest_leavers(index, tenants)
  local shift, times = shift_of(index), {}
  for i, score in ipairs(read('ZMSCORE', 'run/' .. index, tenants)) do times[i] = score and score + shift end
  rest(tenants, times)
end

-- leavers: run index -> tenants that leave it; at_rest: set of run indexes whose leavers' virtual times the caller has
-- kept.
local function leave_run_indexes(leavers, at_rest)
  local indexes, emptied, unserved = names_in(leavers), {}, {}
  for i, served in ipairs(read('ZMSCORE', 'served', indexes)) do
    local index = indexes[i]
    if served and not at_rest[index] then rest_leavers(index, leavers[index]) end
    write('ZREM', 'run/' .. index, leavers[index])
    if is_run_index_empty(index) then
      push(emptied, index)
      if served then push(unserved, index) end
    end
  end
  write('HDEL', 'floor', emptied)
  write('HDEL', 'shift', unserved)
  write('ZREM', 'served', unserved)
end
