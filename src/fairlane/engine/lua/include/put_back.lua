-- put_back: finishes in steps what does not fit into one script: the end of a pause, of a queue's limits or of a block,
-- new limits of a queue, and new defaults.
-- NEEDS base lanes lane_heads idle run_indexes new_limits tenant_indexes
--   resuming  set QUEUE that does not stand apart any more and has tenants in `parked`
--   reviewed  TENANT up to which tenants were checked against new defaults, in the order of `tenants`; absent after all

local function resume_some(queue)
  local tenants = call('SPOP', key('parked/' .. queue), STEP)
  for _, tenant in ipairs(tenants) do
    local first = call('ZRANGE', key('lane/' .. tenant .. '/' .. queue), 0, 0, 'WITHSCORES')
    if first[1] then
      add_heads({ [tenant] = { [queue] = { first[2], first[1] } } })
      touch(tenant)
    end
  end
  if #tenants < STEP then call('SREM', key('resuming'), queue) end
end

local function return_some(tenant)
  local is_blocked = call('HEXISTS', key('blocked'), tenant) == 1
  if is_blocked or not bring_back(tenant) then call('SREM', key('returning'), tenant) end
end

local function review_some(last)
  local first = last == '' and '-' or '(' .. last
  local names = call('ZRANGEBYLEX', key('tenants'), first, '+', 'LIMIT', 0, STEP)
  for _, tenant in ipairs(names) do
    prune_soon(tenant)
    touch(tenant)
  end
  if #names < STEP then call('DEL', key('reviewed')) else call('SET', key('reviewed'), names[STEP]) end
end

-- Whether a step is left.
local function must_put_back()
  return call('EXISTS', key('resuming'), key('returning'), key('reviewed'), key('new_limits')) > 0
end

-- Touch some of the tenants and queues to put back, for update_run_indexes.
local function put_back_some()
  if not must_put_back() then return end
  local queue, tenant = call('SRANDMEMBER', key('resuming')), call('SRANDMEMBER', key('returning'))
  local reviewed = call('GET', key('reviewed'))
  if queue then resume_some(queue) end
  if tenant then return_some(tenant) end
  if reviewed then review_some(reviewed) end
  local new = call('HKEYS', key('new_limits'))[1]
  if new and apply_new_limits(new) then wake_each({ new }) end
end
