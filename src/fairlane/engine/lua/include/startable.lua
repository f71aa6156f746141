-- startable: the jobs of a queue that no limit of their tenant holds back. Reads some tenants, those next in turn.
-- NEEDS base policy constraints queue_limits waiting_jobs

-- Returns the tenants of places `first` to `last` in a queue's run index that may start jobs now, and how many are at
-- these places.
local function startable_tenants(queue, first, last)
  local tenants = call('ZRANGE', key('run/' .. queue), first, last)
  local free = {}
  local blocked = read_any('HMGET', 'blocked', tenants)
  for i, tenant in ipairs(tenants) do
    if not blocked[i] then push(free, tenant) end
  end
  return free, #tenants
end

-- How many jobs of a queue a tenant could start now. load_policies must have been called with the tenant.
local function jobs_to_start(tenant, queue)
  local p = policy(tenant)
  local allowed = call('ZCARD', key('lane/' .. tenant .. '/' .. queue))
  if p.concurrency > 0 then allowed = math.min(allowed, p.concurrency - running(tenant)) end
  if p.start_limit > 0 then
    -- The list may hold starts that have left the window. A tenant that is not blocked can start one job at least.
    allowed = math.min(allowed, math.max(1, p.start_limit - call('LLEN', key('starts/' .. tenant))))
  end
  return math.max(0, allowed)
end

-- How many jobs of a queue its limits let start now; -1 without limits.
local function room_to_start(queue)
  if not has_room(queue) then return 0 end
  local limits, room = limits_of(queue), math.huge
  if not limits then return -1 end
  local most = limits[QueueLimits.concurrency]
  if most > 0 then room = most - call('SCARD', key('queue_running/' .. queue)) end
  most = limits[QueueLimits.start_limit]
  -- As for a tenant, the list may hold starts that have left the window.
  if most > 0 then room = math.min(room, math.max(1, most - call('LLEN', key('queue_starts/' .. queue)))) end
  return room
end

-- How long (ms) the oldest job of these tenants in the queue has waited; -1 without a job.
local function longest_wait(tenants, queue)
  local longest = -1
  for _, tenant in ipairs(tenants) do
    longest = math.max(longest, now - waits_since('lane/' .. tenant .. '/' .. queue))
  end
  return longest
end
