#!lua flags=allow-oom
-- cancel_batch: seal a batch, and have its unfinished jobs cancelled by settle.
-- KEYS prefix
-- ARGV at author batch
-- RETURNS cancelled, conflict: it is over, or not_found
-- EVENTS
-- NEEDS base audit batches
local over, tenant, cancelled = unpack(call('HMGET', key('batch/' .. batch), 'over', 'tenant', 'cancelled'))
if not tenant then return 'not_found' end
if cancelled then return 'cancelled' end
if over then return 'conflict' end
call('HSET', key('batch/' .. batch), 'sealed', 1, 'cancelled', 1)
call('ZADD', key('cancelling'), 'NX', now, batch)
settle_later(batch)
audit('audit_work', 'batch.cancel', { batch }, '"unfinished"', '"cancelled"')
return 'cancelled'
