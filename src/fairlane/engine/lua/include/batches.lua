-- batches: jobs that belong together, and how many of them have ended in which way.
-- NEEDS base
--   batch/ID       hash: tenant, created (ms), request (SHA-1 digest of what made it), sealed and cancelled (1 if so),
--                  over (ms: when its last job ended; absent unless it is sealed and all its jobs have ended);
--                  then, on_failure, finally: Callback (msgpack), a job to make, absent once it is made; made_then,
--                  made_on_failure, made_finally: the id of the job that was made of it; deleted_2 to deleted_4: how
--                  many jobs of a standing were deleted
--   members/ID     zset of the jobs of the batch that exist, by standing: 0 unfinished, 1 unfinished and asked to stop,
--                  2 completed, 3 cancelled, 4 failed
--   batched        hash JOB -> batch, while the job exists. The batch may have been deleted
--   batches/TENANT zset batch by the time (ms) it was created; batches/ is for all tenants
--   over/TENANT    zset batch by the time (ms) it was over
--   batches_due    zset batch by the time (ms) at which it may be deleted
--   unsettled      zset batch that may have a callback to make or may be over, by the time (ms) since when
--   cancelling     zset batch that was cancelled and may have waiting jobs, by the time (ms)
local STANDING = { unfinished = 0, stopping = 1, completed = 2, cancelled = 3, failed = 4 }

local function count_standing(batch, least, most)
  return call('ZCOUNT', key('members/' .. batch), least, most)
end

local function count_deleted(batch, standing)
  return tonumber(call('HGET', key('batch/' .. batch), 'deleted_' .. STANDING[standing]) or 0)
end

local function settle_later(batch)
  call('ZADD', key('unsettled'), 'NX', now, batch)
end

local function join_batch(batch, id)
  call('ZADD', key('members/' .. batch), STANDING.unfinished, id)
  call('HSET', key('batched'), id, batch)
end

-- These jobs have ended in this state. A batch that was deleted has no members.
local function note_standings(ids, state)
  local touched = {}
  for i, batch in ipairs(read('HMGET', 'batched', ids)) do
    if batch then
      call('ZADD', key('members/' .. batch), 'XX', STANDING[state], ids[i])
      touched[batch] = true
    end
  end
  for batch in pairs(touched) do
    local is_dead = state ~= 'completed' and call('HEXISTS', key('batch/' .. batch), 'on_failure') == 1
    if is_dead or count_standing(batch, 0, 1) == 0 then settle_later(batch) end
  end
end

-- The job was sent back: its batch is not over any more.
local function reopen_batch_of(id)
  local batch = call('HGET', key('batched'), id)
  local tenant = batch and call('HGET', key('batch/' .. batch), 'tenant')
  if not tenant then return end
  call('ZADD', key('members/' .. batch), 'XX', STANDING.unfinished, id)
  call('HDEL', key('batch/' .. batch), 'over')
  call('ZREM', key('over/' .. tenant), batch)
  call('ZREM', key('batches_due'), batch)
end

-- These ended jobs are deleted; their batches still count them.
local function leave_batches(ids)
  for i, batch in ipairs(read_any('HMGET', 'batched', ids)) do
    local standing = batch and call('ZSCORE', key('members/' .. batch), ids[i])
    if standing then
      call('ZREM', key('members/' .. batch), ids[i])
      call('HINCRBY', key('batch/' .. batch), 'deleted_' .. standing, 1)
    end
    if batch then call('HDEL', key('batched'), ids[i]) end
  end
end

local function delete_batch(batch)
  local tenant = call('HGET', key('batch/' .. batch), 'tenant')
  call('UNLINK', key('batch/' .. batch), key('members/' .. batch))
  for _, name in ipairs({ 'batches/', 'batches/' .. tenant, 'over/' .. tenant, 'batches_due' }) do
    call('ZREM', key(name), batch)
  end
end
