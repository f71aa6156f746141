-- pops: takes the jobs that a claim starts out of their lanes.
-- KEYS prefix
-- NEEDS base lanes lane_heads fair_queueing candidates
local emptied = {} -- lanes
local headless = { only = {}, several = {} } -- tenants that lose their only head; keys of tenants that lose the last
local removed = {} -- queue -> minus the number of jobs that leave it
local leaving = {} -- run index -> set of tenants that leave it

local function leave(index, tenant)
  if leaving[index] == nil then leaving[index] = {} end
  leaving[index][tenant] = true
end

local function note_pop(tenant, queue, jobs, is_last)
  removed[queue] = (removed[queue] or 0) - jobs
  if is_last then
    push(emptied, tenant .. '/' .. queue)
    leave(queue, tenant)
  end
end

-- Charged tenants that leave an open run index are at rest already.
local function leave_emptied(open)
  local is_open, leavers = {}, {}
  for _, index in ipairs(open.names) do is_open[index] = true end
  for index, set in pairs(leaving) do
    leavers[index] = {}
    for tenant in pairs(set) do push(leavers[index], tenant) end
  end
  leave_run_indexes(leavers, is_open)
end

local function note_only_heads(candidates, tenants)
  for i, queue in ipairs(find_only_heads(tenants)) do candidates[i].only_head = queue end
end

-- Workers that serve all queues: find the lanes of a tenant. If there are several, each turn draws a job.
local function find_lanes(c)
  local heads = c.only_head and { c.only_head } or call('ZRANGE', prefix .. 'heads/' .. c.tenant, 0, 1)
  if #heads == 1 and not (some_are_paused and is_paused(heads[1])) then
    c.queue, c.is_only_queue = heads[1], true
    c.waiting = call('ZCARD', prefix .. 'lane/' .. c.tenant .. '/' .. c.queue)
  elseif c.only_head then
    if repairs_left > 0 then park(c.tenant, c.only_head) end
  else
    c.waiting = math.huge
    c.popped, c.queue_of = {}, {}
  end
end

-- Pop the job that goes first over all heads of a tenant that has several. A lane whose score in `heads` is lower than
-- the rank of its first job is put in its place first.
local function draw(c)
  local heads = key('heads/' .. c.tenant)
  while true do
    local queue, bound = unpack(call('ZRANGE', heads, 0, 0, 'WITHSCORES'))
    if not queue then return false end
    local lane = key('lane/' .. c.tenant .. '/' .. queue)
    local id, rank, following, rank_of_following = unpack(call('ZRANGE', lane, 0, 1, 'WITHSCORES'))
    if not id then
      call('ZREM', heads, queue)
    elseif some_are_paused and is_paused(queue) then
      if repairs_left <= 0 then return false end
      park(c.tenant, queue)
    elseif tonumber(rank) > tonumber(bound) and repairs_left > 0 then
      repairs_left = repairs_left - 1
      call('ZADD', heads, rank, queue)
    else
      call('ZREM', lane, id)
      if following then call('ZADD', heads, rank_of_following, queue) else call('ZREM', heads, queue) end
      note_pop(c.tenant, queue, 1, not following)
      push2(c.popped, id, rank)
      c.queue_of[id] = queue
      return true
    end
  end
end

local function pop(c, queue, jobs, length)
  note_pop(c.tenant, queue, jobs, jobs == length)
  if jobs == length and c.is_only_queue then
    if c.only_head then push(headless.only, c.tenant) else push(headless.several, key('heads/' .. c.tenant)) end
    leave(ALL, c.tenant)
  elseif jobs == length then
    remove_head(c.tenant, queue)
  end
  return call('ZPOPMIN', prefix .. 'lane/' .. c.tenant .. '/' .. queue, jobs)
end

-- Over all lanes of a tenant in the queues that a worker names, jobs go by priority, then age, as within one lane.
local function pop_over_lanes(c)
  local heads, share = {}, {}
  for i, queue in ipairs(c.queues) do
    local range = call('ZRANGE', key('lane/' .. c.tenant .. '/' .. queue), 0, c.taken - 1, 'WITHSCORES')
    for j = 1, #range, 2 do push(heads, { tonumber(range[j + 1]), i, range[j] }) end
    share[i] = 0
  end
  table.sort(heads, function(a, b) return a[1] < b[1] end)
  c.popped, c.queue_of = {}, {}
  for i = 1, c.taken do
    local rank, lane, id = unpack(heads[i])
    share[lane] = share[lane] + 1
    push2(c.popped, id, rank)
    c.queue_of[id] = c.queues[lane]
  end
  for i, queue in ipairs(c.queues) do
    if share[i] > 0 then pop(c, queue, share[i], c.lengths[i]) end
  end
end

-- Take the planned jobs out of their lanes. Returns the tenants that start one.
local function take_from_lanes(candidates, open)
  local served = {}
  for _, c in ipairs(candidates) do
    if c.taken > 0 then
      if c.queue then
        c.popped = pop(c, c.queue, c.taken, c.waiting)
      elseif not c.popped then
        pop_over_lanes(c)
      end
      if not c.is_only_queue and not has_heads(c.tenant) then leave(ALL, c.tenant) end
      push(served, c)
    elseif c.allowed then -- it had a turn and could not start a job: a run index was wrong
      for _, queue in ipairs(open.serves_all and {} or c.queues or open.names) do touch(c.tenant, queue) end
      touch(c.tenant)
    end
  end
  write('ZREM', 'lanes', emptied)
  write('HDEL', 'only_head', headless.only)
  write_keys('DEL', headless.several)
  change_depths(removed)
  return served
end
