-- lanes: pending jobs. A lane holds a tenant's pending jobs in one queue.
-- NEEDS base
--   lane/TENANT/QUEUE  zset job by rank
--   lanes              zset "TENANT/QUEUE", all scores 0: the lanes that hold a job
--   depths             hash QUEUE -> number of jobs in its lanes
--   ready              hash JOB -> time (ms) it entered its lane; absent if that is the time it was created
--   queues_used        zset QUEUE by the time (ms) a job last entered it
local added_to_lanes = {} -- lane -> {rank, job, ...}
local times_ready = {} -- {job, time, ...}
local touched = {} -- tenant -> set of queues

-- Mark a tenant, in one queue or in all, for update_run_indexes.
local function touch(tenant, queue)
  local queues = touched[tenant]
  if queues == nil then
    queues = {}
    touched[tenant] = queues
  end
  if queue then queues[queue] = true end
end

local function add_to_lane(tenant, queue, rank, id)
  local lane = tenant .. '/' .. queue
  local jobs = added_to_lanes[lane]
  if jobs == nil then
    jobs = {}
    added_to_lanes[lane] = jobs
  end
  push2(jobs, rank, id)
  push2(times_ready, id, now)
  touch(tenant, queue)
end

local function change_depths(by_queue)
  for queue, by in pairs(by_queue) do call('HINCRBY', key('depths'), queue, by) end
end

local function write_lanes()
  local members, added, used = {}, {}, {}
  for lane, jobs in pairs(added_to_lanes) do
    local queue = string.match(lane, '/(.*)$')
    if not added[queue] then push2(used, now, queue) end
    added[queue] = (added[queue] or 0) + write('ZADD', 'lane/' .. lane, jobs)
    push2(members, 0, lane)
  end
  write('ZADD', 'lanes', members)
  write('ZADD', 'queues_used', used)
  write('HSET', 'ready', times_ready)
  change_depths(added)
end

local function remove_from_lane(tenant, queue, id)
  local lane = tenant .. '/' .. queue
  change_depths({ [queue] = -call('ZREM', key('lane/' .. lane), id) })
  call('HDEL', key('ready'), id)
  if call('EXISTS', key('lane/' .. lane)) == 0 then call('ZREM', key('lanes'), lane) end
  touch(tenant, queue)
end

-- The queues in which a tenant has pending jobs.
local function queues_of(tenant)
  local queues = {}
  for _, lane in ipairs(call('ZRANGEBYLEX', key('lanes'), '[' .. tenant .. '/', '(' .. tenant .. '0')) do
    queues[#queues + 1] = string.sub(lane, #tenant + 2)
  end
  return queues
end
