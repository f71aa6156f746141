-- tenant_indexes: the scheduled and the ended jobs of each tenant, so that reading one tenant costs nothing for others.
-- NEEDS base
--   STATE/TENANT  zset: the jobs of one tenant in the index STATE, with the same scores. STATE is scheduled, completed,
--                 failed or cancelled
--   prunable      zset STATE/TENANT, of ended jobs, by the time (ms) at which its oldest jobs may be due for deletion
local indexed_by_tenant = {} -- STATE/TENANT -> {time, job, ...}

-- Add a job to the index of its tenant. write_tenant_indexes must follow.
local function index_by_tenant(state, tenant, time, id)
  local name = state .. '/' .. tenant
  local jobs = indexed_by_tenant[name]
  if jobs then
    push2(jobs, time, id)
  else
    indexed_by_tenant[name] = { time, id }
  end
end

local function write_tenant_indexes()
  local prunable = {}
  for name, jobs in pairs(indexed_by_tenant) do
    call('ZADD', key(name), unpack(jobs))
    if string.sub(name, 1, 10) ~= 'scheduled/' then push2(prunable, now, name) end
  end
  if #prunable > 0 then call('ZADD', key('prunable'), 'LT', unpack(prunable)) end
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
