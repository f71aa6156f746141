#!lua flags=allow-oom
-- revoke_token: delete an access token.
-- KEYS prefix
-- ARGV at author name stored digests shown
-- RETURNS 1, or 0 if the token has changed since the caller read `stored`
-- EVENTS
-- NEEDS base audit
-- digests: msgpack array, of its secrets; shown: the token as JSON text, for the audit log
local found = call('HGET', key('tokens'), name)
if found and found ~= stored then return 0 end
if call('HDEL', key('tokens'), name) == 1 then audit('audit', 'token.revoke', { name }, shown, 'null') end
write('HDEL', 'token_digests', unpack_value(digests))
call('ZREM', key('token_names'), name)
call('HDEL', key('token_uses'), name)
return 1
