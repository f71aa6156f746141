-- waiting_end: ends jobs that wait.
-- NEEDS base lanes job_ends expiry

-- End a job that is scheduled or pending as cancelled. s: its Started record. Returns the state that it was in.
local function end_waiting(id, s, reason)
  local tenant, before = s[Started.tenant_id], 'pending'
  if call('ZREM', key('scheduled'), id) == 1 then
    call('ZREM', key('scheduled/' .. tenant), id)
    before = 'scheduled'
  else
    remove_from_lane(tenant, s[Started.queue], id)
  end
  stop_expiry(id)
  conclude(id, s, 'cancelled', reason, 'cancelled', '')
  return before
end
