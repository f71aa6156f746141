-- pops: takes the jobs that a claim starts out of their lanes.
-- KEYS prefix
-- NEEDS base queue_room lanes lane_heads fair_queueing candidates
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
    if rooms[queue] then call('SREM', key('parked/' .. queue), tenant) end
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

-- Of a tenant in the run index of all queues: find its lanes. If there are several, each turn draws a job.
local function find_lanes(c)
  local heads = c.only_head and { c.only_head } or call('ZRANGE', prefix .. 'heads/' .. c.tenant, 0, 1)
  if #heads == 1 and not (must_park and stands_apart(heads[1])) then
    c.queue, c.is_only_queue = heads[1], true
    c.waiting = call('ZCARD', prefix .. 'lane/' .. c.tenant .. '/' .. c.queue)
  elseif c.only_head then
    if repairs_left > 0 then park(c.tenant, c.only_head) end
  else
    c.waiting = math.huge
    c.popped, c.queue_of = {}, {}
  end
end

-- The first two jobs of a lane: id, rank, id, rank.
local function first_jobs(c, queue)
  return unpack(call('ZRANGE', key('lane/' .. c.tenant .. '/' .. queue), 0, 1, 'WITHSCORES'))
end

-- Pop the first job of a lane, which has the id `id` and is followed by the job `following`, if any.
local function draw_from(c, queue, id, rank, following)
  call('ZREM', key('lane/' .. c.tenant .. '/' .. queue), id)
  note_pop(c.tenant, queue, 1, not following)
  if not following and not rooms[queue] then
    remove_head(c.tenant, queue)
    c.only_head = false
  end
  push2(c.popped, id, rank)
  c.queue_of[id] = queue
  use_room(c, queue)
  return true
end

-- As draw_from_several, for a tenant with one head.
local function draw_from_only(c, most)
  local queue = c.only_head
  local id, rank, following = first_jobs(c, queue)
  if not id or tonumber(rank) > most then return false end
  if must_park and stands_apart(queue) then
    c.only_head = false
    if repairs_left > 0 then park(c.tenant, queue) end
    return false
  end
  return draw_from(c, queue, id, rank, following)
end

-- Pop the job that goes first over all heads of a tenant that has several, unless its rank is above `most`. A lane
-- whose score in `heads` is lower than the rank of its first job is put in its place first.
local function draw_from_several(c, most)
  local heads = key('heads/' .. c.tenant)
  while true do
    local queue, bound = unpack(call('ZRANGE', heads, 0, 0, 'WITHSCORES'))
    if not queue or tonumber(bound) > most then return false end
    local id, rank, following, rank_of_following = first_jobs(c, queue)
    if not id then
      call('ZREM', heads, queue)
    elseif must_park and stands_apart(queue) then
      if repairs_left <= 0 then return false end
      park(c.tenant, queue)
    elseif tonumber(rank) > tonumber(bound) and repairs_left > 0 then
      repairs_left = repairs_left - 1
      call('ZADD', heads, rank, queue)
    else
      if following then call('ZADD', heads, rank_of_following, queue) end
      return draw_from(c, queue, id, rank, following)
    end
  end
end

-- Pop the job that goes first over the lanes of a candidate: those of its queues that have room, and those in `heads`
-- if it stands in the run index of all queues. Returns false if there is none.
local function draw(c)
  local queue, id, rank, following = nil, nil, math.huge, nil
  for _, each in ipairs(c.queues or {}) do
    if each ~= ALL and rooms[each] ~= 0 then
      local first, its_rank, second = first_jobs(c, each)
      if first and tonumber(its_rank) < rank then
        queue, id, rank, following = each, first, tonumber(its_rank), second
      end
    end
  end
  if not c.queues or c.queues[1] == ALL then
    local draw_from_heads = c.only_head and draw_from_only or draw_from_several
    if draw_from_heads(c, rank) then return true end
  end
  return queue and draw_from(c, queue, id, rank, following) or false
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
