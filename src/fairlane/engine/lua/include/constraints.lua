-- constraints: what keeps a tenant from starting jobs. A blocked tenant is not in the run index of all queues.
-- NEEDS base policy sliding_window
--   slots          zset "TENANT/JOB", all scores 0: one member for each live lease
--   blocked        hash TENANT -> the constraint that keeps its pending jobs from starting
--   blocked_until  zset TENANT by the time (ms) at which its constraint ends by itself, if it does
local function running(tenant)
  return call('ZLEXCOUNT', key('slots'), '[' .. tenant .. '/', '(' .. tenant .. '0')
end

-- Returns the constraint that blocks a tenant, if any, and the time (ms) at which it ends by itself, if it does.
local function constraint(tenant)
  local p = policy(tenant)
  if p.paused then return 'paused' end
  if p.concurrency > 0 and running(tenant) >= p.concurrency then return 'concurrency' end
  if p.start_limit > 0 and window_used('starts/' .. tenant, p.start_window) >= p.start_limit then
    return 'start_rate', math.ceil(window_opens('starts/' .. tenant, p.start_window, p.start_limit) / 1000)
  end
end

-- blocks: tenant -> {reason, ends}; frees: tenants that were blocked.
local function write_blocked(blocks, frees)
  local reasons, untils, timeless = {}, {}, {}
  for tenant, block in pairs(blocks) do
    push2(reasons, tenant, block.reason)
    if block.ends then push2(untils, block.ends, tenant) else push(timeless, tenant) end
  end
  write('HSET', 'blocked', reasons)
  write('ZADD', 'blocked_until', untils)
  write('ZREM', 'blocked_until', timeless)
  write('HDEL', 'blocked', frees)
  write('ZREM', 'blocked_until', frees)
end
