-- delete_jobs: deletes finished jobs with everything stored about them.
-- NEEDS base
local function delete_jobs(state, ids)
  local keys = {}
  for _, id in ipairs(ids) do
    push_all(keys, { key('j/' .. id), key('x/' .. id), key('r/' .. id), key('g/' .. id) })
  end
  write_keys('UNLINK', keys)
  write('ZREM', state, ids)
end
