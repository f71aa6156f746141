-- conflicts: what a request changes in the unfinished job that has its business key.
-- NEEDS base job expiry events
local postponed = {} -- {due, job, ...}

-- The request under the id of the waiting job `old`, which keeps its creation, queue, priority, needs and
-- batch.
local function merged_record(old, request, expires_in)
  local h, payload = header_and_payload(request)
  local kept = header_of(old)
  h[Header.queue], h[Header.priority] = kept[Header.queue], kept[Header.priority]
  h[Header.needs], h[Header.runs_anyway] = kept[Header.needs], kept[Header.runs_anyway]
  h[Header.batch_id] = kept[Header.batch_id]
  h[Header.expires_in_ms] = expires_in > 0 and now - created_of(old) + expires_in or 0
  local header = pack(h)
  return string.sub(old, 1, 8) .. struct.pack('>H', #header) .. header .. payload
end

-- Move the time of a scheduled job to `delay` from now, or to max_delay after its creation if that comes first. A job
-- whose time has come stays pending, and one that waits for other jobs goes on waiting.
local function postpone(id, record, delay, max_delay)
  local due = math.min(now + delay, created_of(record) + max_delay)
  local due_before = call('ZSCORE', key('scheduled'), id)
  if not due_before or tonumber(due_before) == NEVER then return end
  call('ZADD', key('scheduled'), due, id)
  call('ZADD', key('scheduled/' .. header_of(record)[Header.tenant_id]), due, id)
  push2(postponed, due, id)
end

-- Whether a worker has ever claimed the unfinished job.
local function has_started(id)
  return call('HEXISTS', key('started'), id) == 1
end

-- Give a job that has not started this request.
local function replace_request(id, job, request)
  local old = call('GET', key('j/' .. id))
  if not old then return end -- if it is missing (corruption), leave the entry for `doctor`
  local expires_in = job[Submitted.expires_in_ms]
  call('HSETNX', key('x/' .. id), 'o', redis.sha1hex(request_of(old)))
  call('SET', key('j/' .. id), merged_record(old, request, expires_in))
  if expires_in > 0 then call('ZADD', key('expiring'), now + expires_in, id) else stop_expiry(id) end
  if job[Submitted.on_conflict] == 'debounce' then
    postpone(id, old, job[Submitted.delay_ms], job[Submitted.max_delay_ms])
  end
end

-- Whether this request made a job whose request was replaced since.
local function made_first(id, request)
  return call('HGET', key('x/' .. id), 'o') == redis.sha1hex(request)
end

local function publish_postponed()
  if #postponed > 0 then publish_events({ scheduled = postponed }, {}) end
end
