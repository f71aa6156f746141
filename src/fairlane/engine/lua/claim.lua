#!lua flags=allow-oom
-- claim: lease up to max pending jobs to a worker, by start-time fair queueing over tenants.
-- KEYS prefix
-- ARGV at worker claim lease_ms max queues idle_claim wait_ms
-- RETURNS us until the claim should come again by itself (-1: no such time), then for each job: id, token, attempt,
--   base attempt, record
-- EVENTS pending>running
-- NEEDS base job policy sliding_window counts lanes constraints fair_queueing run_indexes candidates turns waits events
-- queues: msgpack array of names, empty for all. A worker that repeats a claim id gets the same leases again.
-- idle_claim: "LISTENER/NUMBER" of a claim that waits up to wait_ms for its first job, see include/idle.lua; ''
-- for a claim that does not wait.
--   claim/WORKER/CLAIM  msgpack array of the jobs that the claim leased, kept for the length of a lease
--   fence        the highest fencing token so far: a number that rises with every lease. It is no lower than the time
--                (us) of the lease, so that it rises even if the store loses its last writes and this key with them.
local answers = { -1 }

-- A claim unblocks at least as many tenants, so that those of other queues do not pile up.
local LEAST_UNBLOCKED = 10

local function answer_again(ids)
  local records = read('HMGET', 'started', ids)
  for i, id in ipairs(ids) do
    local s = records[i] and unpack_value(records[i])
    if s and s[Started.running] and string.sub(s[Started.token], 1, #claim + 1) == claim .. '.' then
      push_all(answers, { id, s[Started.token], s[Started.attempt], s[Started.base], call('GET', key('j/' .. id)) })
    end
  end
  return answers
end

local claim_key = key('claim/' .. worker .. '/' .. claim)
local jobs_of_first_call = call('GET', claim_key)
if jobs_of_first_call then return answer_again(unpack_value(jobs_of_first_call)) end

max = tonumber(max)
-- Usually no tenant waits for a time and no woken claim is on its way. One look tells.
local none_due = call('EXISTS', key('blocked_until'), key('woken')) == 0
if not none_due then touch_unblocked(math.max(max, LEAST_UNBLOCKED)) end
local opened = update_without_waking()
local open = read_open_queues(unpack_value(queues))
local emptied = {} -- lanes
local removed = {} -- queue -> minus the number of jobs that leave it
local leaving = {} -- queue -> tenants that leave its run index

local function leave(queue, tenant)
  if leaving[queue] == nil then leaving[queue] = {} end
  push(leaving[queue], tenant)
end

local function pop(c, queue, jobs, length)
  local lane = c.tenant .. '/' .. queue
  if jobs == length then
    push(emptied, lane)
    leave(queue, c.tenant)
  end
  removed[queue] = (removed[queue] or 0) - jobs
  return call('ZPOPMIN', prefix .. 'lane/' .. lane, jobs)
end

-- Over all lanes of a tenant, jobs go by priority, then age, as within one lane.
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
local function take_from_lanes(candidates)
  local served = {}
  for _, c in ipairs(candidates) do
    local open_to_c = c.queues or open.names
    if c.taken > 0 then
      if #open_to_c == 1 then
        c.popped = pop(c, open_to_c[1], c.taken, c.waiting)
      else
        pop_over_lanes(c)
      end
      push(served, c)
    elseif c.allowed then -- it had a turn and could not start a job: a run index was wrong
      for _, queue in ipairs(open_to_c) do touch(c.tenant, queue) end
    end
  end
  write('ZREM', 'lanes', emptied)
  change_depths(removed)
  return served
end

-- The jobs in the order of the turns: their ids, keys and ranks.
local function jobs_by_turn(turns)
  local ids, keys, ranks = {}, {}, {}
  for i, c in ipairs(turns) do
    local id = c.popped[c.next]
    ids[i] = id
    ranks[i] = tonumber(c.popped[c.next + 1])
    keys[i] = prefix .. 'j/' .. id
    c.next = c.next + 2
  end
  return ids, keys, ranks
end

local function start_leases(turns)
  local ids, keys, ranks = jobs_by_turn(turns)
  local records = call('MGET', unpack(keys))
  local earlier = read('HMGET', 'started', ids)
  local ready = read_any('HMGET', 'ready', ids)
  local fence = math.max(call('GET', key('fence')) or 0, now_us - 1)
  local started, leases, slots, waited = {}, {}, {}, 0
  local expires = now + lease_ms
  for i, c in ipairs(turns) do
    local id, attempt, base, unfit_since = ids[i], 1, 0, 0
    if earlier[i] then
      local s = unpack_value(earlier[i])
      attempt, base, unfit_since = s[Started.attempt] + 1, s[Started.base], s[Started.unfit_since]
    end
    local token = claim .. '.' .. string.format('%.0f', fence + i)
    local queue = c.queue_of and c.queue_of[id] or (c.queues or open.names)[1]
    started[2 * i - 1] = id
    started[2 * i] = pack(Started{
      token = token, running = true, attempt = attempt, base = base, claimed_at = now, worker = worker,
      tenant_id = c.tenant, queue = queue, rank = ranks[i], cancelled_by = '', reason = '',
      unfit_since = unfit_since,
    })
    leases[2 * i - 1], leases[2 * i] = expires, id
    slots[2 * i - 1], slots[2 * i] = 0, c.tenant .. '/' .. id
    local n = 5 * i - 3
    answers[n], answers[n + 1], answers[n + 2], answers[n + 3], answers[n + 4] = id, token, attempt, base, records[i]
    waited = waited + math.max(0, now - (ready[i] or created_of(records[i])))
  end
  write('HSET', 'started', started)
  write('ZADD', 'leases', leases)
  write('ZADD', 'slots', slots)
  call('SET', claim_key, pack(ids), 'PX', lease_ms)
  call('SET', key('fence'), string.format('%.0f', fence + #turns))
  if #ready > 0 then write('HDEL', 'ready', ids) end
  sum('started', #turns)
  sum('wait_ms', waited)
  write_counts()
  publish_events({ running = leases }, {})
end

-- A tenant that has reached a limit leaves every run index until its constraint ends. Returns tenant -> constraint.
local function block_at_limits(served)
  local blocks = {}
  for _, c in ipairs(served) do
    local p = policy(c.tenant)
    if p.start_limit > 0 then window_add('starts/' .. c.tenant, p.start_window, c.taken) end
    if c.taken >= c.allowed then
      local left = queues_of(c.tenant)
      local reason, ends = constraint(c.tenant)
      if #left > 0 and reason then
        blocks[c.tenant] = { reason = reason, ends = ends }
        for _, queue in ipairs(left) do leave(queue, c.tenant) end
      end
    end
  end
  if next(blocks) then write_blocked(blocks, {}) end
  return blocks
end

-- Debt not yet offset by another tenant's start carries over to the other queues.
local function offset_debts(served)
  local names, paid, unpaid = {}, {}, {}
  for i, c in ipairs(served) do names[i] = c.tenant end
  for i, owed in ipairs(read_any('HMGET', 'owed', names)) do
    local c = served[i]
    local left = owed and math.min(owed, c.time - c.taken * c.cost - open.highest) or 0
    if left > 0 then push2(unpaid, c.tenant, left) else push(paid, c.tenant) end
  end
  write('HDEL', 'owed', paid)
  write('HSET', 'owed', unpaid)
end

local function leave_run_indexes()
  local without_tenants = {}
  for queue, tenants in pairs(leaving) do
    write('ZREM', 'run/' .. queue, tenants)
    if is_run_index_empty(queue) then push(without_tenants, queue) end
  end
  delete_floors(without_tenants)
end

-- The virtual times of tenants that leave a run index go to rest. Returns the tenants to charge in run indexes.
local function rest_leavers(served, blocks)
  local charged, leavers, names, resting = {}, {}, {}, {}
  for _, c in ipairs(served) do
    local stays = c.taken < c.waiting and not blocks[c.tenant]
    if stays or #open.names > 1 then push(charged, c) end
    if not stays then
      push(leavers, c)
      push(names, c.tenant)
    end
  end
  local before = read_any('HMGET', 'resting', names)
  for i, c in ipairs(leavers) do push2(resting, c.tenant, math.max(c.time, tonumber(before[i] or 0))) end
  write('HSET', 'resting', resting)
  return charged
end

-- Charge the served tenants in every queue that this claim served, and raise the floors. XX skips a tenant that has
-- left a queue's run index.
local function charge_starts(charged, floor)
  local raised, shifted = {}, {}
  for i, queue in ipairs(open.names) do
    if not is_run_index_empty(queue) then
      if #charged > 0 then
        local scores = { 'XX', 'GT' }
        for _, c in ipairs(charged) do push2(scores, c.time - open.shifts[i], c.tenant) end
        call('ZADD', key('run/' .. queue), unpack(scores))
      end
      if floor > open.floors[i] then push2(raised, queue, floor) end
      if open.highest > open.floors[i] then push2(shifted, queue, open.shifts[i]) end
    end
  end
  write('HSET', 'shift', shifted)
  write('HSET', 'floor', raised)
  if floor > highest_floor() then call('SET', key('clock'), floor) end
end

local function answer_without_jobs()
  local asked = unpack_value(queues)
  wake_others(asked, opened)
  if idle_claim ~= '' then answers[1] = start_waiting(idle_claim, asked, wait_ms) end
  return answers
end

if #open.names == 0 then return answer_without_jobs() end
local candidates = find_candidates(open, max)
local tenants = {}
for i, c in ipairs(candidates) do tenants[i] = c.tenant end
load_policies(tenants)
local turns, floor = plan_turns(candidates, open.names, max)
local served = take_from_lanes(candidates)
push_all(opened, update_without_waking())
if #turns == 0 then return answer_without_jobs() end

start_leases(turns)
local blocks = block_at_limits(served)
if by_seconds then offset_debts(served) end
leave_run_indexes()
charge_starts(rest_leavers(served, blocks), math.max(floor, open.highest))
if none_due and idle_claim == '' and #opened == 0 and not next(blocks) then return answers end

local asked = unpack_value(queues)
wake_others(asked, opened)
if idle_claim ~= '' then stop_waiting(idle_claim, asked) end
set_alarm(asked)
return answers
