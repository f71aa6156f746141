-- unlocking: moves the jobs that waited for a need that has ended.
-- NEEDS base job needs lanes tenant_indexes expiry job_ends
local unlocked = { scheduled = {}, left = {} } -- {due, job, ...}; tenant -> jobs that leave `scheduled`
local unlocked_jobs = 0

local function leave_scheduled(id, tenant)
  unlocked_jobs = unlocked_jobs + 1
  unlocked.left[tenant] = unlocked.left[tenant] or {}
  push(unlocked.left[tenant], id)
end

-- A need is dead: cancel the job. It is revived if the need is sent back.
local function drop(id, need)
  local tenant, queue = names_of(id)
  if not tenant then return end -- if it is missing (corruption), leave the entry for `doctor`
  leave_needs(id)
  leave_scheduled(id, tenant)
  stop_expiry(id)
  conclude(id, never_started(tenant, queue), 'cancelled', 'need_failed', 'cancelled', '')
  call('HSET', key('dropped_by'), id, need)
  add_by_time('dropped/' .. need, id)
end

-- The job has no open need any more.
local function release(id, run_at)
  local tenant, queue, _, priority = names_of(id)
  if not tenant then return end
  leave_scheduled(id, tenant)
  if run_at > now then
    push2(unlocked.scheduled, run_at, id)
    index_by_tenant('scheduled', tenant, run_at, id)
  else
    add_to_lane(tenant, queue, rank_of(priority, call('INCR', key('sequence'))), id)
  end
end

local function unlock(id, need, state)
  if call('SREM', key('open/' .. id), need) == 0 then return end
  local needing = unpack_value(call('HGET', key('needing'), id))
  if is_dead(state, needing[Needing.runs_anyway]) then
    drop(id, need)
  elseif call('EXISTS', key('open/' .. id)) == 0 then
    release(id, needing[Needing.run_at])
  end
end

-- Unlock up to `most` dependents of jobs that have ended. write_lease_ends must follow.
local function unlock_some(most)
  while most > 0 do
    note_ends()
    local need = first_by_time('unlocking')
    if not need then break end
    local state = state_of_end(need)
    local ids = state and pop_by_time('locked/' .. need, most) or {}
    for _, id in ipairs(ids) do unlock(id, need, state) end
    if #ids < most then call('ZREM', key('unlocking'), need) end
    most = most - #ids - 1
  end
  remove_from_indexes('scheduled', unlocked.left)
  write('ZADD', 'scheduled', unlocked.scheduled)
end
