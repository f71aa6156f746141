-- tenant_indexes: the scheduled and the ended jobs of each tenant, so that reading one tenant costs nothing for others.
-- NEEDS base policy
--   STATE/TENANT  zset: the jobs of one tenant in the index STATE, with the same scores. STATE is scheduled, completed,
--                 failed or cancelled
--   prunable      zset STATE/TENANT, of ended jobs, by the time (ms) at which its oldest jobs may be due for deletion
local indexed_by_tenant = {} -- STATE -> TENANT -> {time, job, ...}

-- Add a job to the index of its tenant. write_tenant_indexes must follow.
local function index_by_tenant(state, tenant, time, id)
  local by_tenant = indexed_by_tenant[state]
  if by_tenant == nil then
    by_tenant = {}
    indexed_by_tenant[state] = by_tenant
  end
  local jobs = by_tenant[tenant]
  if jobs then
    push2(jobs, time, id)
  else
    by_tenant[tenant] = { time, id }
  end
end

-- How long (ms) a tenant keeps its ended jobs, and how many of them.
local function kept(state, tenant)
  local p = policy(tenant)
  if state == 'failed' then return p.failed_ms, p.failed_max end
  return p.completed_ms, p.completed_max
end

-- Returns {time, STATE/TENANT, ...} of the indexes to prune earlier than noted: those that were empty or are too long.
local function write_ended(state, by_tenant)
  local tenants, prunable = {}, {}
  for tenant in pairs(by_tenant) do push(tenants, tenant) end
  load_policies(tenants)
  for _, tenant in ipairs(tenants) do
    local name = state .. '/' .. tenant
    local k = key(name)
    local added = call('ZADD', k, unpack(by_tenant[tenant]))
    local length, keep_ms, most = call('ZCARD', k), kept(state, tenant)
    if length > most then
      push2(prunable, now, name)
    elseif length == added then
      push2(prunable, now + keep_ms, name)
    end
  end
  return prunable
end

local function write_tenant_indexes()
  for state, by_tenant in pairs(indexed_by_tenant) do
    if state == 'scheduled' then
      for tenant, jobs in pairs(by_tenant) do call('ZADD', key('scheduled/' .. tenant), unpack(jobs)) end
    else
      local prunable = write_ended(state, by_tenant)
      if #prunable > 0 then call('ZADD', key('prunable'), 'LT', unpack(prunable)) end
    end
  end
end

-- What the tenant keeps has changed.
local function prune_soon(tenant)
  for _, state in ipairs({ 'completed', 'failed', 'cancelled' }) do
    call('ZADD', key('prunable'), 'XX', now, state .. '/' .. tenant)
  end
end

-- ids: tenant -> jobs that leave the index STATE and that of their tenant.
local function remove_from_indexes(state, ids)
  for tenant, some in pairs(ids) do
    write('ZREM', state, some)
    write('ZREM', state .. '/' .. tenant, some)
  end
end
