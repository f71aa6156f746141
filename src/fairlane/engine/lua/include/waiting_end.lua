-- waiting_end: ends jobs that wait.
-- NEEDS base lanes job_ends expiry

-- End a job that is scheduled or pending as cancelled. s: its Started record.
local function end_waiting(id, s, reason)
  local tenant = s[Started.tenant_id]
  if call('ZREM', key('scheduled'), id) == 1 then
    call('ZREM', key('scheduled/' .. tenant), id)
  else
    remove_from_lane(tenant, s[Started.queue], id)
  end
  stop_expiry(id)
  conclude(id, s, 'cancelled', reason, 'cancelled', '')
end
