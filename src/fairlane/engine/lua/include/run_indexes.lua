-- run_indexes: keeps run indexes in line with lanes, slots and policies.
-- NEEDS base policy lanes constraints fair_queueing idle
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

-- Decide for each touched queue of a tenant whether the tenant belongs to the queue's run index.
local function judge_queues(tenants, blocks, enter, leave)
  local by_queue = {}
  for _, tenant in ipairs(tenants) do
    for queue in pairs(touched[tenant]) do add(by_queue, queue, tenant) end
  end
  for queue, members in pairs(by_queue) do
    for i, score in ipairs(read('ZMSCORE', 'run/' .. queue, members)) do
      local tenant = members[i]
      if is_lane_empty(tenant, queue) then
        if score then add(leave, queue, tenant) end
        call('SREM', key('away/' .. tenant), queue)
      elseif not score and blocks[tenant] then
        call('SADD', key('away/' .. tenant), queue)
      elseif not score then
        add(enter, queue, tenant)
      end
    end
  end
end

-- Bring run indexes and blocked tenants up to date for all touched tenants. Returns the queues (*: all queues) whose
-- run index was empty and is not any more.
local function update_without_waking()
  local tenants, opened = {}, {}
  for tenant in pairs(touched) do tenants[#tenants + 1] = tenant end
  if #tenants == 0 then return opened end
  load_policies(tenants)
  local enter, leave, times = {}, {}, {}
  local in_all = read('ZMSCORE', 'run/' .. ALL, tenants)
  local blocks = judge_tenants(tenants, in_all, enter, leave)
  judge_queues(tenants, blocks, enter, leave)
  for i, resting in ipairs(read('HMGET', 'resting', tenants)) do
    times[tenants[i]] = math.max(resting or 0, in_all[i] or 0)
  end
  touched = {}
  for index, members in pairs(leave) do leave_run_index(index, members) end
  for index, members in pairs(enter) do
    if enter_run_index(index, members, times) then push(opened, index) end
  end
  return opened
end

local function update_run_indexes()
  for _, queue in ipairs(update_without_waking()) do wake(queue) end
end

-- Touch up to `limit` tenants whose start rate has room again.
local function touch_unblocked(limit)
  for _, tenant in ipairs(call('ZRANGEBYSCORE', key('blocked_until'), '-inf', now, 'LIMIT', 0, limit)) do
    touch(tenant)
  end
end
