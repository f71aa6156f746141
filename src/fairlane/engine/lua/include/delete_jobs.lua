-- delete_jobs: deletes finished jobs with everything stored about them.
-- NEEDS base tenant_indexes creation_order batches
-- ids: tenant -> jobs of the index STATE
local function delete_jobs(state, ids)
  local deleted, some_dropped = 0, call('EXISTS', key('dropped_by')) == 1
  for tenant, some in pairs(ids) do
    local keys = {}
    for _, id in ipairs(some) do
      push2(keys, key('j/' .. id), key('x/' .. id))
      push2(keys, key('r/' .. id), key('g/' .. id))
    end
    if some_dropped then
      write('HDEL', 'dropped_by', some)
      for _, id in ipairs(some) do push(keys, key('dropped/' .. id)) end
    end
    write_keys('UNLINK', keys)
    leave_batches(some)
    sweep_order(tenant, 2 * #some)
    deleted = deleted + #some
  end
  remove_from_indexes(state, ids)
  sweep_order('', 2 * deleted)
end
