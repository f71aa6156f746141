-- fair_queueing: start-time fair queueing (SFQ; Goyal, Vin and Cheng 1996) over the tenants of a queue.
-- NEEDS base policy
--   run/QUEUE  zset TENANT by virtual time less the queue's shift: tenants with a job here that nothing blocks
--   floor      hash QUEUE -> the queue's own virtual time; exists while its run index does
--   shift      hash QUEUE -> the amount by which its whole run index was moved up
--   clock      the highest floor so far, at which the floor of a queue that was empty begins
--   resting    hash TENANT -> its virtual time if no run index has as much; deleted when all floors have passed it
--
-- A turn goes to the tenant with the lowest virtual time (start tag; turns.lua). It raises the floor to this time (v,
-- the start tag in service) and then the tenant's time by cost / weight (finish tag). A tenant that becomes runnable
-- starts at its own time or at the floor, whichever is higher: idling saves nothing.
--
-- Bound: while tenants A and B are runnable in the same queues, which the same workers serve, the costs of what they
-- start, each divided by its weight, differ over any interval by at most cost / weight of A + cost / weight of B,
-- however long their backlogs are. A tenant that becomes runnable with a time below the floor waits for at most one
-- start of each other tenant.
-- By 'jobs' a cost is 1. By 'seconds' it is the run time. Most of it is charged when the lease ends (run_time.lua), so
-- the difference may grow by the run time of the jobs that the tenants have running.
--
-- There is one level, not the tree of hierarchical SFQ: the virtual time belongs to the tenant, and a start counts in
-- each queue that the claim serves, so spreading jobs over queues gains nothing. Within a tenant, jobs go by priority,
-- then age. Where workers serve different queues, the bound holds for each group of workers by itself.

local function highest_floor()
  return tonumber(call('GET', key('clock')) or 0)
end

local function shift_of(queue)
  return tonumber(call('HGET', key('shift'), queue) or 0)
end

local function is_run_index_empty(queue)
  return call('EXISTS', key('run/' .. queue)) == 0
end

local function delete_floors(queues)
  write('HDEL', 'floor', queues)
  write('HDEL', 'shift', queues)
end

-- The virtual time at which a tenant becomes runnable: at least the floor. At most one start plus the run time owed
-- above it, because the tenant may have been charged in queues with a higher floor, for other workers.
local function entry_time(tenant, time, floor)
  time = math.max(time or 0, floor)
  local owed = by_seconds and call('HGET', key('owed'), tenant) or 0
  return math.min(time, floor + START_COST / policy(tenant).weight + owed)
end
