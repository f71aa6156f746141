-- put_back: after a pause or a block has ended, puts back in steps what did not fit into the script that ended it.
-- NEEDS base lanes run_indexes
--   resuming  set QUEUE that is not paused any more and has tenants in `parked`

local function resume_some(queue)
  local tenants = call('SPOP', key('parked/' .. queue), STEP)
  for _, tenant in ipairs(tenants) do
    local first = call('ZRANGE', key('lane/' .. tenant .. '/' .. queue), 0, 0, 'WITHSCORES')
    if first[1] then
      call('ZADD', key('heads/' .. tenant), first[2], queue)
      touch(tenant)
    end
  end
  if #tenants < STEP then call('SREM', key('resuming'), queue) end
end

local function return_some(tenant)
  local is_blocked = call('HEXISTS', key('blocked'), tenant) == 1
  if is_blocked or not bring_back(tenant) then call('SREM', key('returning'), tenant) end
end

-- Whether tenants or queues wait to be put back.
local function must_put_back()
  return call('EXISTS', key('resuming'), key('returning')) > 0
end

-- Touch some of the tenants and queues to put back, for update_run_indexes.
local function put_back_some()
  if not must_put_back() then return end
  local queue, tenant = call('SRANDMEMBER', key('resuming')), call('SRANDMEMBER', key('returning'))
  if queue then resume_some(queue) end
  if tenant then return_some(tenant) end
end
