-- callbacks: makes the callbacks of batches, and notes which batches are over.
-- NEEDS base job lanes counts creation_order policy tenant_indexes batches
local made_callbacks = 0

-- An id that no job has.
local function new_id(batch, name)
  local number = 0
  while true do
    local id = PARTITION .. string.sub(redis.sha1hex(batch .. name .. number), 1, 24)
    if call('EXISTS', key('j/' .. id)) == 0 then return id end
    number = number + 1
  end
end

local function place_of(id)
  local function number(first) return tonumber(string.sub(id, first, first + 7), 16) end
  return struct.pack('>I4I4I4', number(3), number(11), number(19))
end

local last_created

local function make_callback(batch, tenant, name)
  local packed = call('HGET', key('batch/' .. batch), name)
  if not packed then return end
  local c, id = unpack_value(packed), new_id(batch, name)
  last_created = last_created or math.max(now - TICK, tonumber(call('GET', key('created')) or 0))
  last_created = last_created + TICK
  call('SET', key('j/' .. id), struct.pack('>d', last_created) .. c[Callback.record])
  add_to_order(tenant, place_of(id), last_created)
  add_to_lane(tenant, c[Callback.queue], rank_of(c[Callback.priority], call('INCR', key('sequence'))), id)
  count('submitted', tenant)
  call('HDEL', key('batch/' .. batch), name)
  call('HSET', key('batch/' .. batch), 'made_' .. name, id)
  made_callbacks = made_callbacks + 1
end

local function note_over(batch, tenant)
  if call('HSETNX', key('batch/' .. batch), 'over', now) == 0 then return end
  load_policies({ tenant })
  local completed_ms = kept('completed', tenant)
  local failed_ms = kept('failed', tenant)
  call('ZADD', key('over/' .. tenant), now, batch)
  call('ZADD', key('batches_due'), now + math.max(completed_ms, failed_ms), batch)
end

local function settle_batch(batch)
  local tenant, sealed, cancelled = unpack(call('HMGET', key('batch/' .. batch), 'tenant', 'sealed', 'cancelled'))
  if not tenant then return end
  local deleted = count_deleted(batch, 'cancelled') + count_deleted(batch, 'failed')
  local some_dead = deleted + count_standing(batch, STANDING.cancelled, STANDING.failed) > 0
  if some_dead and not cancelled then make_callback(batch, tenant, 'on_failure') end
  if not sealed or count_standing(batch, STANDING.unfinished, STANDING.stopping) > 0 then return end
  if not some_dead and not cancelled then make_callback(batch, tenant, 'then') end
  make_callback(batch, tenant, 'finally')
  note_over(batch, tenant)
end

-- Settle up to `most` batches. write_lease_ends must follow.
local function settle_batches(most)
  local found = call('ZPOPMIN', key('unsettled'), most)
  for i = 1, #found, 2 do settle_batch(found[i]) end
  if last_created then
    write_order(last_created)
    call('SET', key('created'), string.format('%.17g', last_created))
  end
  return #found / 2
end
