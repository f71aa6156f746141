-- lanes: a tenant's pending jobs in one queue, and which tenants could start one now.
-- NEEDS base policy window
--   lane/TENANT/QUEUE  zset job by rank
--   lanes              zset "TENANT/QUEUE", all scores 0: the lanes that hold a job
--   depths             hash QUEUE -> jobs in its lanes
--   ready              hash JOB -> time (ms) it came to its lane, for jobs that did so later than they were made
--   run/QUEUE          zset TENANT by virtual time less the queue's shift: has a job here and nothing blocks it
--   shift              hash QUEUE -> by how much all that stand in its run index were moved on together
--   floor              hash QUEUE -> no tenant starts before this virtual time; exists while any is in the run index
--   clock              the highest floor that there was: where the floor of a queue begins that nobody waited in
--   resting            hash TENANT -> its virtual time where no run index has as much; deleted when all floors passed
--   queues_used        zset QUEUE by the time (ms) that a job last came to it
--   blocked            hash TENANT -> the constraint that keeps its pending jobs from starting
--   blocked_until      zset TENANT by time (ms), where the constraint ends by itself
--   slots              zset "TENANT/JOB", all scores 0: one member for each live lease
local added_to_lanes = {} -- lane -> {rank, job, ...}
local came_back = {} -- {job, time, ...}
local touched = {} -- tenant -> set of queues: to be settled before the script ends

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
  push2(came_back, id, now)
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
  write('HSET', 'ready', came_back)
  change_depths(added)
end

local function remove_from_lane(tenant, queue, id)
  local lane = tenant .. '/' .. queue
  change_depths({ [queue] = -call('ZREM', key('lane/' .. lane), id) })
  call('HDEL', key('ready'), id)
  if call('EXISTS', key('lane/' .. lane)) == 0 then call('ZREM', key('lanes'), lane) end
  touch(tenant, queue)
end

local function queues_of(tenant)
  local queues = {}
  for _, lane in ipairs(call('ZRANGEBYLEX', key('lanes'), '[' .. tenant .. '/', '(' .. tenant .. '0')) do
    queues[#queues + 1] = string.sub(lane, #tenant + 2)
  end
  return queues
end

local function running(tenant)
  return call('ZLEXCOUNT', key('slots'), '[' .. tenant .. '/', '(' .. tenant .. '0')
end

-- What keeps this tenant from starting a job, and until when (ms) if that ends by itself.
local function constraint(tenant)
  local p = policy(tenant)
  if p.paused then return 'paused' end
  if p.concurrency > 0 and running(tenant) >= p.concurrency then return 'concurrency' end
  if p.start_limit > 0 and window_used('starts/' .. tenant, p.start_window) >= p.start_limit then
    return 'start_rate', math.ceil(window_opens('starts/' .. tenant, p.start_window, p.start_limit) / 1000)
  end
end

local function highest_floor()
  return tonumber(call('GET', key('clock')) or 0)
end

-- A tenant starts no earlier than the floor: nothing is saved up while idle. Nor further ahead of it than its
-- last start and what it owes for run time: queues served by other workers have a floor of their own.
local function entry_tag(tenant, tag, floor)
  tag = math.max(tag or 0, floor)
  local owed = by_seconds and call('HGET', key('owed'), tenant) or 0
  return math.min(tag, floor + START_COST / policy(tenant).weight + owed)
end

local function write_blocked(blocks, frees)
  local reasons, untils, timeless = {}, {}, {}
  for tenant, block in pairs(blocks) do
    push2(reasons, tenant, block.reason)
    if block.ends then push2(untils, block.ends, tenant) else push(timeless, tenant) end
  end
  write('HSET', 'blocked', reasons)
  write('ZADD', 'blocked_until', untils)
  write('ZREM', 'blocked_until', timeless)
  write('HDEL', 'blocked', frees)
  write('ZREM', 'blocked_until', frees)
end

-- What settling works on: for each touched tenant the queues it should be runnable in.
local function plan_settling(tenants)
  local plan = { wanted = {}, by_queue = {}, blocks = {}, frees = {} }
  local was_blocked = read('HMGET', 'blocked', tenants)
  for i, tenant in ipairs(tenants) do
    local queues = queues_of(tenant)
    local reason, ends
    if #queues > 0 then reason, ends = constraint(tenant) end
    if reason then
      plan.blocks[tenant] = { reason = reason, ends = ends }
    elseif was_blocked[i] then
      push(plan.frees, tenant)
    end
    plan.wanted[tenant] = {}
    for _, queue in ipairs(queues) do
      touch(tenant, queue)
      if not reason then plan.wanted[tenant][queue] = true end
    end
    for queue in pairs(touched[tenant]) do
      plan.by_queue[queue] = plan.by_queue[queue] or {}
      push(plan.by_queue[queue], tenant)
    end
  end
  return plan
end

local function shift_of(queue)
  return tonumber(call('HGET', key('shift'), queue) or 0)
end

-- The virtual time of each tenant, wherever it stands now, and its score in each run index.
local function read_tags(tenants, by_queue)
  local tags, scores, resting = {}, {}, {}
  for i, tag in ipairs(read('HMGET', 'resting', tenants)) do
    if tag then
      tags[tenants[i]] = tonumber(tag)
      resting[tenants[i]] = true
    end
  end
  for queue, members in pairs(by_queue) do
    scores[queue] = read('ZMSCORE', 'run/' .. queue, members)
    for i, score in ipairs(scores[queue]) do
      if score then tags[members[i]] = math.max(tags[members[i]] or 0, score + shift_of(queue)) end
    end
  end
  return tags, scores, resting
end

local function nobody_can_run(queue)
  return call('EXISTS', key('run/' .. queue)) == 0
end

local function forget_floors(queues)
  write('HDEL', 'floor', queues)
  write('HDEL', 'shift', queues)
end

-- `stand` gets the highest virtual time at which each tenant stands from now on.
local function settle_queue(queue, tenants, scores, wanted, tags, stand)
  local floor = tonumber(call('HGET', key('floor'), queue))
  local is_idle = not floor
  floor = floor or highest_floor()
  local enter, leave, shift = {}, {}, is_idle and 0 or shift_of(queue)
  for i, tenant in ipairs(tenants) do
    if wanted[tenant][queue] then
      local tag = scores[i] and scores[i] + shift or entry_tag(tenant, tags[tenant], floor)
      if not scores[i] then push2(enter, tag - shift, tenant) end
      stand[tenant] = math.max(stand[tenant] or 0, tag)
    elseif scores[i] then
      push(leave, tenant)
    end
  end
  write('ZREM', 'run/' .. queue, leave)
  write('ZADD', 'run/' .. queue, enter)
  if is_idle and #enter > 0 then
    call('HSET', key('floor'), queue, floor)
    call('PUBLISH', key('wake/' .. queue), '')
  elseif #leave > 0 and nobody_can_run(queue) then
    forget_floors({ queue })
  end
end

-- Bring run indexes and blocked tenants in line with lanes, slots and policies, for all touched tenants.
local function settle()
  local tenants = {}
  for tenant in pairs(touched) do tenants[#tenants + 1] = tenant end
  if #tenants == 0 then return end
  load_policies(tenants)
  local plan = plan_settling(tenants)
  local tags, scores, resting = read_tags(tenants, plan.by_queue)
  local awake, rest, stand = {}, {}, {}
  for queue, members in pairs(plan.by_queue) do
    settle_queue(queue, members, scores[queue], plan.wanted, tags, stand)
  end
  for _, tenant in ipairs(tenants) do
    if tags[tenant] and tags[tenant] > (stand[tenant] or -1) then
      push2(rest, tenant, tags[tenant])
    elseif resting[tenant] then
      push(awake, tenant)
    end
  end
  write('HDEL', 'resting', awake)
  write('HSET', 'resting', rest)
  write_blocked(plan.blocks, plan.frees)
end
