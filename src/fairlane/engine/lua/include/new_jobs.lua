-- new_jobs: creates jobs, which are written together before the script ends.
-- NEEDS base job counts lanes run_indexes tenant_indexes creation_order events
--   sequence  the number of the last job that entered a lane
--   tenants   zset TENANT, all scores 0: every tenant that has submitted a job or has its own limits
local new_jobs = { records = {}, scheduled = {}, expiring = {}, lanes = {}, queues = {} }
local last = call('MGET', key('sequence'), key('created'))
local sequence, created = tonumber(last[1] or 0), math.max(now - TICK, tonumber(last[2] or 0))

-- name: the key of the request; place: the id as a place of the creation order; expires_in: ms, 0: never.
local function create_job(id, name, place, tenant, queue, priority, run_at, record, expires_in)
  created = created + TICK
  push2(new_jobs.records, name, struct.pack('>d', created) .. record)
  add_to_order(tenant, place, created)
  if expires_in > 0 then push2(new_jobs.expiring, now + expires_in, id) end
  if run_at > now then
    push2(new_jobs.scheduled, run_at, id)
    index_by_tenant('scheduled', tenant, run_at, id)
    new_jobs.queues[queue] = true
  else
    sequence = sequence + 1
    local jobs = added_to_lane(tenant, queue)
    if #jobs == 0 then push(new_jobs.lanes, { tenant, queue }) end
    push2(jobs, rank_of(priority, sequence), id)
  end
  count('submitted', tenant)
end

-- A new job changes nothing for a tenant that is in the queue's run index already. A blocked one enters it later.
local function touch_new_lanes()
  local tenants, queues = {}, {}
  for i, lane in ipairs(new_jobs.lanes) do
    tenants[i] = lane[1]
    queues[lane[2]] = queues[lane[2]] or {}
    push(queues[lane[2]], lane[1])
  end
  local blocked = {}
  for i, reason in ipairs(read_any('HMGET', 'blocked', tenants)) do blocked[tenants[i]] = reason end
  each_in_run_index(queues, function(queue, tenant, score)
    if not score and blocked[tenant] then
      call('SADD', key('away/' .. tenant), queue)
    elseif not score then
      touch(tenant, queue)
    end
  end)
end

local function write_new_jobs()
  write_keys('MSET', new_jobs.records)
  write('ZADD', 'scheduled', new_jobs.scheduled)
  write('ZADD', 'expiring', new_jobs.expiring)
  write_tenant_indexes()
  write_order(created)
  call('MSET', key('sequence'), string.format('%.0f', sequence), key('created'), string.format('%.17g', created))
  local known = {}
  for tenant in pairs(counted['submitted']) do push2(known, 0, tenant) end
  write('ZADD', 'tenants', known)
  local queues = {}
  for queue in pairs(new_jobs.queues) do push2(queues, now, queue) end
  write('ZADD', 'queues_used', queues)
  if #new_jobs.lanes > 0 then
    write_lanes()
    touch_new_lanes()
    update_run_indexes()
  end
  write_counts()
  publish_events({ scheduled = new_jobs.scheduled }, added_to_lanes)
end
