-- lane_heads: finds a tenant's next job without a look at all of its lanes.
-- NEEDS base
-- A head of a tenant is a queue in which its lane holds a job, unless the lane is in `parked`.
--   only_head     hash TENANT -> QUEUE, for a tenant that has one head and none in `heads`
--   heads/TENANT  zset QUEUE by a rank that no job of the tenant's lane is below: the heads of a tenant that has had
--                 several at a time, until it has none
-- Most tenants use one queue. A field takes less memory than a key, and one command reads those of many tenants.

-- Returns for each tenant its only head, or false.
local function find_only_heads(tenants)
  return read('HMGET', 'only_head', tenants)
end

-- The head with the tenant's next job, as far as the ranks in `heads` say.
local function first_head(tenant)
  return call('HGET', key('only_head'), tenant) or call('ZRANGE', key('heads/' .. tenant), 0, 0)[1]
end

local function has_several_heads(tenant)
  return call('EXISTS', key('heads/' .. tenant)) == 1
end

local function has_heads(tenant)
  return call('HEXISTS', key('only_head'), tenant) == 1 or has_several_heads(tenant)
end

local function lowest_rank(jobs)
  local lowest = jobs[1]
  for i = 3, #jobs, 2 do lowest = math.min(lowest, jobs[i]) end
  return lowest
end

local function add_to_several(tenant, lanes, only)
  local heads = { 'LT' }
  for queue, jobs in pairs(lanes) do push2(heads, lowest_rank(jobs), queue) end
  if only then
    local first = call('ZRANGE', key('lane/' .. tenant .. '/' .. only), 0, 0, 'WITHSCORES')
    if first[1] then push2(heads, first[2], only) end
  end
  call('ZADD', key('heads/' .. tenant), unpack(heads))
end

-- added: tenant -> queue -> {rank, job, ...} that its lane has now, perhaps beside others.
local function add_heads(added)
  local tenants, only_heads, joined = {}, {}, {}
  for tenant in pairs(added) do push(tenants, tenant) end
  for i, only in ipairs(find_only_heads(tenants)) do
    local tenant = tenants[i]
    local queue = next(added[tenant])
    local is_one = next(added[tenant], queue) == nil
    if is_one and not only and not has_several_heads(tenant) then
      push2(only_heads, tenant, queue)
    elseif not is_one or only ~= queue then
      add_to_several(tenant, added[tenant], only)
      if only then push(joined, tenant) end
    end
  end
  write('HDEL', 'only_head', joined)
  write('HSET', 'only_head', only_heads)
end

-- Returns whether the tenant had this head.
local function remove_head(tenant, queue)
  if call('HGET', key('only_head'), tenant) == queue then return call('HDEL', key('only_head'), tenant) == 1 end
  return call('ZREM', key('heads/' .. tenant), queue) == 1
end
