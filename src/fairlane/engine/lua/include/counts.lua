-- counts: running totals, of the partition and by tenant.
-- NEEDS base
--   count       hash NAME -> total: submitted, completed, failed (attempts), retried, started, wait_ms (how long the
--               started jobs waited), ended (leases), run_ms (how long these lasted) and other_ends (leases that
--               ended neither completed nor failed)
--   count/NAME  hash TENANT -> total of submitted, completed, failed, retried, other_ends and unsuccessful (jobs that
--               failed for good or were cancelled, less those sent back). A claim does not count
--               starts by tenant: each one is running or has ended in one of these ways.
local counted = {} -- name -> tenant -> number
local summed = {} -- name -> number

local function count(name, tenant, by)
  local tenants = counted[name]
  if tenants == nil then
    tenants = {}
    counted[name] = tenants
  end
  tenants[tenant] = (tenants[tenant] or 0) + (by or 1)
end

-- Count for the partition only.
local function sum(name, by)
  summed[name] = (summed[name] or 0) + by
end

local function write_counts()
  for name, by in pairs(summed) do
    if by > 0 then call('HINCRBY', key('count'), name, string.format('%.0f', by)) end
  end
  for name, tenants in pairs(counted) do
    local names, total = {}, 0
    for tenant, by in pairs(tenants) do
      names[#names + 1] = tenant
      total = total + by
    end
    if #names == 1 then
      call('HINCRBY', key('count/' .. name), names[1], total)
    else
      local fields = {}
      for i, old in ipairs(read('HMGET', 'count/' .. name, names)) do
        push2(fields, names[i], (tonumber(old) or 0) + tenants[names[i]])
      end
      write('HSET', 'count/' .. name, fields)
    end
    call('HINCRBY', key('count'), name, total)
  end
end
