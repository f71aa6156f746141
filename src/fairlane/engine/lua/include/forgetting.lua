-- forgetting: all that is stored of jobs that have ended.
-- NEEDS base
local function forget(state, ids)
  local keys = {}
  for _, id in ipairs(ids) do
    push_all(keys, { key('j/' .. id), key('x/' .. id), key('r/' .. id), key('g/' .. id) })
  end
  write_keys('UNLINK', keys)
  write('ZREM', state, ids)
end
