#!lua
-- create_token: store an access token under a name that is free.
-- KEYS prefix
-- ARGV at author name digest stored most shown
-- RETURNS created, taken or too_many
-- EVENTS
-- NEEDS base audit
-- digest: SHA-256 of the secret, in hex; stored: the token (opaque); most: limit of tokens; shown: JSON text
--   for the audit log
--   tokens         hash NAME -> token (opaque)
--   token_names    zset NAME, all scores 0
--   token_digests  hash DIGEST -> NAME, for each secret of the token and of its sessions
--   token_uses     hash NAME -> time (ms) of the last use
local earlier = call('HGET', key('tokens'), name)
if earlier then return earlier == stored and 'created' or 'taken' end
if call('ZCARD', key('token_names')) >= tonumber(most) then return 'too_many' end
call('HSET', key('tokens'), name, stored)
call('HSET', key('token_digests'), digest, name)
call('ZADD', key('token_names'), 0, name)
audit('audit', 'token.create', { name }, 'null', shown)
return 'created'
