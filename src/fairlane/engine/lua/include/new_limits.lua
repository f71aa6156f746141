-- new_limits: the first steps of new limits of a queue. They take time in proportion to the leases and lanes of a
-- store.
-- NEEDS base lanes lane_heads
local STEP_OF_NEW_LIMITS = 500

local function count_running(queue, leases)
  local ids, running = {}, {}
  for i = 1, #leases, 2 do push(ids, leases[i]) end
  for i, packed in ipairs(read('HMGET', 'started', ids)) do
    local s = packed and unpack_value(packed)
    if s and s[Started.running] and s[Started.queue] == queue then push(running, ids[i]) end
  end
  write('SADD', 'queue_running/' .. queue, running)
end

local function park_lanes(queue, lanes)
  for i = 1, #lanes, 2 do
    local tenant, its_queue = string.match(lanes[i], '^(.*)/(.*)$')
    if its_queue == queue and remove_head(tenant, queue) then
      call('SADD', key('parked/' .. queue), tenant)
      touch(tenant)
    end
  end
end

-- Take a step. Returns whether it was the last one. update_run_indexes must follow.
local function apply_new_limits(queue)
  local index, cursor = string.match(call('HGET', key('new_limits'), queue), '^(%a+)/(%d+)$')
  local page = call('ZSCAN', key(index), cursor, 'COUNT', STEP_OF_NEW_LIMITS)
  if index == 'leases' then count_running(queue, page[2]) else park_lanes(queue, page[2]) end
  if index == 'lanes' and page[1] == '0' then
    call('HDEL', key('new_limits'), queue)
    return true
  end
  if page[1] == '0' then index = 'lanes' end
  call('HSET', key('new_limits'), queue, index .. '/' .. page[1])
  return false
end
