-- cancelling: cancels a job that is not running; asks the worker of a running one to stop.
-- NEEDS base job job_ends waiting_end lease_end workers

-- packed: its Started, or false. Returns cancelled, cancelling, repeated, conflict or not_found, and the state before
-- if this has changed the job. write_lease_ends must follow.
local function cancel(id, packed)
  local record = call('GET', key('j/' .. id))
  if not record then return 'not_found' end
  local result = call('GET', key('r/' .. id))
  if result then return unpack_value(result)[Ended.state] == 'cancelled' and 'repeated' or 'conflict' end

  local h = header_of(record)
  local s = packed and unpack_value(packed) or never_started(h[Header.tenant_id], h[Header.queue])
  if s[Started.running] then
    if s[Started.cancelled_by] ~= '' then return 'repeated' end
    s[Started.cancelled_by] = 'user'
    push2(ended.started, id, pack(s))
    notify_worker(s[Started.worker])
    return 'cancelling', 'running'
  end
  return 'cancelled', end_waiting(id, s, 'cancelled_by_user')
end
