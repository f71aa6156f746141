#!lua flags=allow-oom
-- rotate_token: give an access token a new secret. The one before stays valid for a time.
-- KEYS prefix
-- ARGV at author name before stored digest old_digests was shown
-- RETURNS 1, or 0 if the stored token differs from `before`, in which case nothing changes
-- EVENTS
-- NEEDS base audit
-- before, stored: the token (opaque) as read and as it becomes; digest: SHA-256 of its new secret, in hex
-- old_digests: msgpack array, of the secrets that end; was, shown: the token as JSON text, for the audit log
local found = call('HGET', key('tokens'), name)
if found == stored then return 1 end
if found ~= before then return 0 end
call('HSET', key('tokens'), name, stored)
call('HSET', key('token_digests'), digest, name)
write('HDEL', 'token_digests', unpack_value(old_digests))
audit('audit', 'token.rotate', { name }, was, shown)
return 1
