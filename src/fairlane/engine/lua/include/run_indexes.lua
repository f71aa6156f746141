-- run_indexes: keeps run indexes in line with lanes, slots and policies.
-- NEEDS base policy lanes lane_heads constraints fair_queueing idle
--   away/TENANT  set QUEUE: while the tenant is blocked, the run indexes of queues that lack it although it has a lane
--   returning    set TENANT that is not blocked any more and still has queues in `away`, which follow in steps

-- How many queues or tenants one step puts back. No script works in proportion to a tenant's number of queues.
local STEP = 100

local function add(lists, name, member)
  lists[name] = lists[name] or {}
  push(lists[name], member)
end

-- Touch some of the queues in which a tenant that was blocked should be runnable again. Returns whether more are left.
local function bring_back(tenant)
  local queues = call('SPOP', key('away/' .. tenant), STEP)
  for _, queue in ipairs(queues) do touch(tenant, queue) end
  return #queues == STEP
end

-- Decide for each touched tenant whether it is blocked, and whether it belongs to the run index of all queues.
local function judge_tenants(tenants, in_all, enter, leave)
  local blocks, frees, returning = {}, {}, {}
  for i, was_blocked in ipairs(read('HMGET', 'blocked', tenants)) do
    local tenant = tenants[i]
    local can_start, reason, ends = has_heads(tenant)
    if can_start or has_lanes(tenant) then reason, ends = constraint(tenant) end
    if reason then
      can_start = false
      blocks[tenant] = { reason = reason, ends = ends }
    elseif was_blocked then
      push(frees, tenant)
      if bring_back(tenant) then push(returning, tenant) end
    end
    if can_start and not in_all[i] then add(enter, ALL, tenant) end
    if in_all[i] and not can_start then add(leave, ALL, tenant) end
  end
  write_blocked(blocks, frees)
  write('SADD', 'returning', returning)
  return blocks
end

-- queues: QUEUE -> tenants. Calls `judge` with each queue, each of its tenants, and the score of the tenant in the run
-- index of the queue, nil or false if the tenant is not in it.
local function each_in_run_index(queues, judge)
  local names = {}
  for queue in pairs(queues) do push(names, queue) end
  for i, floor in ipairs(read('HMGET', 'floor', names)) do
    local queue = names[i]
    local scores = floor and read('ZMSCORE', 'run/' .. queue, queues[queue]) or {} -- without a floor it is empty
    for n, tenant in ipairs(queues[queue]) do judge(queue, tenant, scores[n]) end
  end
end

local function was_added_to(tenant, queue)
  return added_to_lanes[tenant] ~= nil and added_to_lanes[tenant][queue] ~= nil
end

-- Decide for each touched queue of a tenant whether the tenant belongs to the queue's run index.
local function judge_queues(tenants, blocks, enter, leave)
  local by_queue = {}
  for _, tenant in ipairs(tenants) do
    for queue in pairs(touched[tenant]) do add(by_queue, queue, tenant) end
  end
  each_in_run_index(by_queue, function(queue, tenant, score)
    if not was_added_to(tenant, queue) and is_lane_empty(tenant, queue) then
      if score then add(leave, queue, tenant) end
      call('SREM', key('away/' .. tenant), queue)
    elseif not score and blocks[tenant] then
      call('SADD', key('away/' .. tenant), queue)
    elseif not score then
      add(enter, queue, tenant)
    end
  end)
end

-- Bring run indexes and blocked tenants up to date for all touched tenants. Returns the queues (*: all queues) whose
-- run index was empty and is not any more.
local function update_without_waking()
  local tenants = {}
  for tenant in pairs(touched) do push(tenants, tenant) end
  if #tenants == 0 then return {} end
  load_policies(tenants)
  local enter, leave, times = {}, {}, {}
  local in_all = read('ZMSCORE', 'run/' .. ALL, tenants)
  local blocks = judge_tenants(tenants, in_all, enter, leave)
  judge_queues(tenants, blocks, enter, leave)
  for i, resting in ipairs(read('HMGET', 'resting', tenants)) do
    times[tenants[i]] = math.max(resting or 0, in_all[i] or 0)
  end
  touched = {}
  leave_run_indexes(leave, {})
  return enter_run_indexes(enter, times)
end

local function update_run_indexes()
  wake_each(update_without_waking())
end

-- Touch up to `limit` tenants whose start rate has room again.
local function touch_unblocked(limit)
  for _, tenant in ipairs(call('ZRANGEBYSCORE', key('blocked_until'), '-inf', now, 'LIMIT', 0, limit)) do
    touch(tenant)
  end
end
