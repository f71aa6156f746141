-- unfinished: how many jobs of a tenant have not ended. This follows from its totals, at the same cost for any number.
-- NEEDS base
local function count_unfinished(tenants)
  local totals, unfinished = {}, {}
  for i, name in ipairs({ 'submitted', 'completed', 'unsuccessful' }) do
    totals[i] = read('HMGET', 'count/' .. name, tenants)
  end
  for i, tenant in ipairs(tenants) do
    unfinished[tenant] = (totals[1][i] or 0) - (totals[2][i] or 0) - (totals[3][i] or 0)
  end
  return unfinished
end
