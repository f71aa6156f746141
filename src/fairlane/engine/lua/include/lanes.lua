-- lanes: pending jobs. A lane holds a tenant's pending jobs in one queue.
-- NEEDS base lane_heads
--   lane/TENANT/QUEUE  zset job by rank
--   lanes              zset "TENANT/QUEUE", all scores 0: the lanes that hold a job
--   parked/QUEUE       set TENANT whose lane in this queue need not be among its heads, because the queue stands apart
--   depths             hash QUEUE -> number of jobs in its lanes; `*` -> number of jobs in all lanes
--   ready              hash JOB -> time (ms) it entered its lane; absent if that is the time it was created
--   queues_used        zset QUEUE by the time (ms) a job last entered it
--   queues_paused      set QUEUE
local added_to_lanes = {} -- tenant -> queue -> {rank, job, ...}
local times_ready = {} -- {job, time, ...}
local touched = {} -- tenant -> set of queues

-- Mark a tenant for update_run_indexes, and one of its queues if its lane there was empty or may be empty now.
local function touch(tenant, queue)
  local queues = touched[tenant]
  if queues == nil then
    queues = {}
    touched[tenant] = queues
  end
  if queue then queues[queue] = true end
end

-- The jobs to add to a lane.
local function added_to_lane(tenant, queue)
  local lanes = added_to_lanes[tenant]
  if lanes == nil then
    lanes = {}
    added_to_lanes[tenant] = lanes
  end
  local jobs = lanes[queue]
  if jobs == nil then
    jobs = {}
    lanes[queue] = jobs
  end
  return jobs
end

local function add_to_lane(tenant, queue, rank, id)
  push2(added_to_lane(tenant, queue), rank, id)
  push2(times_ready, id, now)
  touch(tenant, queue)
end

local function change_depths(by_queue)
  local queues, total = {}, 0
  for queue, by in pairs(by_queue) do
    push(queues, queue)
    total = total + by
  end
  if total == 0 then return end
  call('HINCRBY', key('depths'), '*', total)
  if #queues == 1 then
    call('HINCRBY', key('depths'), queues[1], total)
    return
  end
  local depths = {}
  for i, depth in ipairs(read('HMGET', 'depths', queues)) do
    push2(depths, queues[i], (tonumber(depth) or 0) + by_queue[queues[i]])
  end
  write('HSET', 'depths', depths)
end

-- Whether the queue is paused or has limits.
local function stands_apart(queue)
  return call('SISMEMBER', key('queues_paused'), queue) == 1 or call('HEXISTS', key('queue_limits'), queue) == 1
end

-- Park the added lanes of queues that stand apart. Returns the others, as in added_to_lanes.
local function park_apart()
  if call('EXISTS', key('queues_paused'), key('queue_limits')) == 0 then return added_to_lanes end
  local others, apart = {}, {}
  for tenant, lanes in pairs(added_to_lanes) do
    for queue, jobs in pairs(lanes) do
      if apart[queue] == nil then apart[queue] = stands_apart(queue) end
      if apart[queue] then
        call('SADD', key('parked/' .. queue), tenant)
      else
        others[tenant] = others[tenant] or {}
        others[tenant][queue] = jobs
      end
    end
  end
  return others
end

local function write_lanes()
  local members, added, used = {}, {}, {}
  for tenant, lanes in pairs(added_to_lanes) do
    for queue, jobs in pairs(lanes) do
      local lane = tenant .. '/' .. queue
      if not added[queue] then push2(used, now, queue) end
      added[queue] = (added[queue] or 0) + write('ZADD', 'lane/' .. lane, jobs)
      push2(members, 0, lane)
    end
  end
  add_heads(park_apart())
  write('ZADD', 'lanes', members)
  write('ZADD', 'queues_used', used)
  write('HSET', 'ready', times_ready)
  change_depths(added)
end

local function is_lane_empty(tenant, queue)
  return call('EXISTS', key('lane/' .. tenant .. '/' .. queue)) == 0
end

local function remove_from_lane(tenant, queue, id)
  local lane = tenant .. '/' .. queue
  change_depths({ [queue] = -call('ZREM', key('lane/' .. lane), id) })
  call('HDEL', key('ready'), id)
  if is_lane_empty(tenant, queue) then
    call('ZREM', key('lanes'), lane)
    remove_head(tenant, queue)
    call('SREM', key('parked/' .. queue), tenant)
    touch(tenant, queue)
  end
end

-- Whether the tenant has a lane that holds a job.
local function has_lanes(tenant)
  return call('ZLEXCOUNT', key('lanes'), '[' .. tenant .. '/', '(' .. tenant .. '0') > 0
end
