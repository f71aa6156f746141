-- new_needs: the needs of new jobs.
-- NEEDS base job needs

-- The first need that is not a job of the tenant. made: id -> request of the jobs that this call makes.
local function unknown_need(tenant, needs, made)
  for _, need in ipairs(needs) do
    local its_tenant = made[need] and header_and_payload(made[need])[Header.tenant_id] or names_of(need)
    if its_tenant ~= tenant then return need end
  end
end

local function waits_for_needs(id)
  return call('EXISTS', key('open/' .. id)) == 1
end

-- Returns when the new job is due: NEVER while a need is open.
local function due_after_needs(id, needs, runs_anyway, run_at)
  local open = open_needs(needs, runs_anyway)
  write_needs(id, pack(Needing{ run_at = run_at, runs_anyway = runs_anyway, needs = needs }), needs, open)
  return #open > 0 and NEVER or run_at
end
