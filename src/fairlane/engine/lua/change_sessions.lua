#!lua flags=allow-oom
-- change_sessions: begin or end sessions of an access token.
-- KEYS prefix
-- ARGV at name before stored added over
-- RETURNS 1, or 0 if the stored token differs from `before`, in which case nothing changes
-- EVENTS
-- NEEDS base
-- before, stored: the token (opaque) as read and as it becomes
-- added: SHA-256 of the secret of a new session, in hex, or empty; over: msgpack array, of ended sessions
local found = call('HGET', key('tokens'), name)
if found == stored then return 1 end
if found ~= before then return 0 end
call('HSET', key('tokens'), name, stored)
if added ~= '' then call('HSET', key('token_digests'), added, name) end
write('HDEL', 'token_digests', unpack_value(over))
return 1
