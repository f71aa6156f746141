#!lua flags=allow-oom
-- seal_batch: say that a batch is complete. It then takes jobs from its own running jobs only.
-- KEYS prefix
-- ARGV at batch
-- RETURNS sealed or not_found
-- EVENTS none>pending
-- NEEDS base batches callbacks lease_end
if call('EXISTS', key('batch/' .. batch)) == 0 then return 'not_found' end
call('HSET', key('batch/' .. batch), 'sealed', 1)
settle_later(batch)
settle_batches(1)
write_lease_ends()
return 'sealed'
