-- making: new jobs, written together before the script ends.
-- NEEDS base job counts lanes news
--   sequence  the number of the job that came last
--   tenants   zset TENANT, all scores 0: every tenant that has submitted
local made = { records = {}, scheduled = {}, lanes = {}, queues = {} }
local created = struct.pack('>d', now)
local sequence = tonumber(call('GET', key('sequence')) or 0)

local function make(id, tenant, queue, priority, run_at, record)
  push2(made.records, key('j/' .. id), created .. record)
  if run_at > now then
    push2(made.scheduled, run_at, id)
    made.queues[queue] = true
  else
    sequence = sequence + 1
    local lane = tenant .. '/' .. queue
    if added_to_lanes[lane] == nil then
      added_to_lanes[lane] = {}
      push(made.lanes, { tenant, queue })
    end
    push2(added_to_lanes[lane], rank_of(priority, sequence), id)
  end
  count('submitted', tenant)
end

-- Only a tenant that is neither runnable here nor blocked can change its standing by a new job.
local function touch_new_lanes()
  local tenants, queues = {}, {}
  for i, lane in ipairs(made.lanes) do
    tenants[i] = lane[1]
    queues[lane[2]] = queues[lane[2]] or {}
    push(queues[lane[2]], lane[1])
  end
  local blocked = {}
  for i, reason in ipairs(read_any('HMGET', 'blocked', tenants)) do blocked[tenants[i]] = reason end
  for queue, members in pairs(queues) do
    for i, tag in ipairs(read('ZMSCORE', 'run/' .. queue, members)) do
      if not tag and not blocked[members[i]] then touch(members[i], queue) end
    end
  end
end

local function write_made()
  write_keys('MSET', made.records)
  write('ZADD', 'scheduled', made.scheduled)
  local known = {}
  for tenant in pairs(counted['submitted']) do push2(known, 0, tenant) end
  write('ZADD', 'tenants', known)
  local queues = {}
  for queue in pairs(made.queues) do push2(queues, now, queue) end
  write('ZADD', 'queues_used', queues)
  if #made.lanes > 0 then
    call('SET', key('sequence'), string.format('%.0f', sequence))
    write_lanes()
    touch_new_lanes()
    settle()
  end
  write_counts()
  tell({ scheduled = made.scheduled }, added_to_lanes)
end
