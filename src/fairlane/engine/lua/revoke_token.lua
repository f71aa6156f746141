#!lua flags=allow-oom
-- revoke_token: delete an access token.
-- KEYS prefix
-- ARGV at name digest
-- RETURNS 1
-- EVENTS
-- NEEDS base
call('HDEL', key('tokens'), name)
call('HDEL', key('token_digests'), digest)
call('ZREM', key('token_names'), name)
call('HDEL', key('token_uses'), name)
return 1
