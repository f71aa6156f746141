-- kept_for_others: ended jobs that are kept although their time is over.
-- NEEDS base needs
local some_have_needs = call('EXISTS', key('needing'), key('dropped_by')) > 0

-- Whether the need because of which the job was cancelled can still be sent back.
local function may_be_revived(id)
  local need = call('HGET', key('dropped_by'), id)
  return need and call('EXISTS', key('j/' .. need)) == 1
end

local LOOK_AGAIN_MS = 1000

-- The jobs of a tenant's index STATE that may be deleted. The others go to its end, so that prune gets past them.
local function without_kept(state, tenant, ids)
  if not some_have_needs then return ids end
  local free, kept = {}, {}
  for _, id in ipairs(ids) do
    if is_needed(id) or may_be_revived(id) then push2(kept, now + LOOK_AGAIN_MS, id) else push(free, id) end
  end
  write('ZADD', state, kept)
  write('ZADD', state .. '/' .. tenant, kept)
  return free
end
