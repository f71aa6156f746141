-- run_indexes: keeps each queue's run index in line with lanes, slots and policies.
-- NEEDS base policy lanes constraints fair_queueing idle

-- For each touched tenant: the queues in which it should be runnable, and whether it is blocked.
local function plan_update(tenants)
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

-- Returns each tenant's virtual time, its scores in the run indexes, and which tenants have a time at rest.
local function read_times(tenants, by_queue)
  local times, scores, resting = {}, {}, {}
  for i, time in ipairs(read('HMGET', 'resting', tenants)) do
    if time then
      times[tenants[i]] = tonumber(time)
      resting[tenants[i]] = true
    end
  end
  for queue, members in pairs(by_queue) do
    scores[queue] = read('ZMSCORE', 'run/' .. queue, members)
    for i, score in ipairs(scores[queue]) do
      if score then times[members[i]] = math.max(times[members[i]] or 0, score + shift_of(queue)) end
    end
  end
  return times, scores, resting
end

-- Enter or remove the tenants. Raises `indexed` (tenant -> its highest virtual time in a run index). Returns whether
-- the queue has runnable tenants and had none before.
local function update_run_index(queue, tenants, scores, wanted, times, indexed)
  local floor = tonumber(call('HGET', key('floor'), queue))
  local was_empty = not floor
  floor = floor or highest_floor()
  local enter, leave, shift = {}, {}, was_empty and 0 or shift_of(queue)
  for i, tenant in ipairs(tenants) do
    if wanted[tenant][queue] then
      local time = scores[i] and scores[i] + shift or entry_time(tenant, times[tenant], floor)
      if not scores[i] then push2(enter, time - shift, tenant) end
      indexed[tenant] = math.max(indexed[tenant] or 0, time)
    elseif scores[i] then
      push(leave, tenant)
    end
  end
  write('ZREM', 'run/' .. queue, leave)
  write('ZADD', 'run/' .. queue, enter)
  if was_empty and #enter > 0 then
    call('HSET', key('floor'), queue, floor)
    return true
  elseif #leave > 0 and is_run_index_empty(queue) then
    delete_floors({ queue })
  end
end

-- Bring run indexes and blocked tenants up to date for all touched tenants. Returns the queues that have runnable
-- tenants again.
local function update_without_waking()
  local tenants, opened = {}, {}
  for tenant in pairs(touched) do tenants[#tenants + 1] = tenant end
  if #tenants == 0 then return opened end
  load_policies(tenants)
  local plan = plan_update(tenants)
  local times, scores, resting = read_times(tenants, plan.by_queue)
  local awake, rest, indexed = {}, {}, {}
  for queue, members in pairs(plan.by_queue) do
    if update_run_index(queue, members, scores[queue], plan.wanted, times, indexed) then push(opened, queue) end
  end
  for _, tenant in ipairs(tenants) do
    if times[tenant] and times[tenant] > (indexed[tenant] or -1) then
      push2(rest, tenant, times[tenant])
    elseif resting[tenant] then
      push(awake, tenant)
    end
  end
  write('HDEL', 'resting', awake)
  write('HSET', 'resting', rest)
  write_blocked(plan.blocks, plan.frees)
  touched = {}
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
