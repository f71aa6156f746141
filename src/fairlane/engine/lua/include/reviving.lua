-- reviving: brings jobs back that were cancelled because of a job that was sent back.
-- NEEDS base job needs lanes tenant_indexes counts batches
local revived = { scheduled = {}, left = {} } -- {due, job, ...}; tenant -> jobs that leave `cancelled`
local revived_jobs = 0

-- The needs that the store still has. One that was deleted had completed, and counts as that.
local function kept_needs(h)
  local kept = {}
  for _, need in ipairs(h[Header.needs]) do
    if call('EXISTS', key('j/' .. need)) == 1 then push(kept, need) end
  end
  return kept
end

-- What a job that was sent back or revived needs. It has waited for its time already.
local function needing_of(h)
  return pack(Needing{ run_at = 0, runs_anyway = h[Header.runs_anyway], needs = h[Header.needs] })
end

-- A job that has left the dead letter queue reads the results of its needs again, and its dropped jobs come back.
local function send_back_flow(id, h)
  if #h[Header.needs] > 0 then
    write_needs(id, needing_of(h), kept_needs(h), {})
  end
  if call('EXISTS', key('dropped/' .. id)) == 1 then add_by_time('reviving', id) end
  reopen_batch_of(id)
end

-- Another need, beside `need`, that has died; nil if there is none.
local function other_dead_need(h, need)
  for _, other in ipairs(h[Header.needs]) do
    if other ~= need and is_dead(ended_state(other), h[Header.runs_anyway]) then return other end
  end
end

local function take_key(id, h)
  if h[Header.key] == '' then return true end
  if not call('SET', key('u/' .. h[Header.tenant_id] .. '/' .. h[Header.key]), id, 'NX') then return false end
  call('HSET', key('keyed'), id, h[Header.key])
  return true
end

local function bring_to_life(id, h)
  local tenant, needs = h[Header.tenant_id], kept_needs(h)
  local open = open_needs(needs, h[Header.runs_anyway])
  write_needs(id, needing_of(h), needs, open)
  call('DEL', key('r/' .. id))
  reopen_batch_of(id)
  revived.left[tenant] = revived.left[tenant] or {}
  push(revived.left[tenant], id)
  count('unsuccessful', tenant, -1)
  if #open > 0 then
    push2(revived.scheduled, NEVER, id)
    index_by_tenant('scheduled', tenant, NEVER, id)
  else
    add_to_lane(tenant, h[Header.queue], rank_of(h[Header.priority], call('INCR', key('sequence'))), id)
  end
  if call('EXISTS', key('dropped/' .. id)) == 1 then add_by_time('reviving', id) end
end

local function revive(id, need)
  local record, result = call('GET', key('j/' .. id)), call('GET', key('r/' .. id))
  call('HDEL', key('dropped_by'), id)
  if not record or not result or unpack_value(result)[Ended.reason] ~= 'need_failed' then return end
  local h = header_of(record)
  local other = other_dead_need(h, need)
  if other then
    call('HSET', key('dropped_by'), id, other)
    add_by_time('dropped/' .. other, id)
  elseif take_key(id, h) then
    revived_jobs = revived_jobs + 1
    bring_to_life(id, h)
  end
end

-- Revive up to `most` jobs. If their need has died again meanwhile, they stay cancelled until it is sent back again.
local function revive_some(most)
  while most > 0 do
    local need = first_by_time('reviving')
    if not need then break end
    local state = ended_state(need)
    local ids = (not state or state == 'completed') and pop_by_time('dropped/' .. need, most) or {}
    for _, id in ipairs(ids) do revive(id, need) end
    if #ids < most then call('ZREM', key('reviving'), need) end
    most = most - #ids - 1
  end
  remove_from_indexes('cancelled', revived.left)
  write('ZADD', 'scheduled', revived.scheduled)
end
