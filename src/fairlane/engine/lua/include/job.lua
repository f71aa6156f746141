-- job: the records of a job.
-- NEEDS base
--   j/ID     the request: 8 bytes created (ms), 2 bytes header length, Header or ShortHeader (msgpack), payload
--   started  hash ID -> Started (msgpack), the state of an unfinished job; absent before its first attempt
--   x/ID     hash: aN = PastAttempt N (msgpack), p = progress, o = the SHA-1 digest of the first request, if another
--            one has replaced it, u = why it was last handed back (JSON)
--   r/ID     Ended (msgpack), how a finished job ended
-- engine/layouts.py names the places of these arrays. A token ends in the fence, a number that rises with every lease
-- (a fencing token): a caller that sends another token has lost its lease.
local HEADER_AT = 10

-- The due time of a scheduled job that waits for other jobs.
local NEVER = 2 ^ 53 - 1

-- When (ms) the job was created; now if the record is missing.
local function created_of(record)
  return record and #record >= HEADER_AT and math.floor((struct.unpack('>d', record))) or now
end

-- A stored array may end before the fields that have their default values.
local DEFAULTS = Header.defaults
local function with_defaults(header)
  for place, value in pairs(DEFAULTS) do
    if header[place] == nil then header[place] = value end
  end
  return header
end

local function header_of(record)
  local _, header = cmsgpack.unpack_one(record, HEADER_AT)
  return with_defaults(header)
end

-- Tenant, queue, task and priority of a job; nil if it does not exist. Does not read its payload.
-- In msgpack: one byte for the array, then three names of up to 128 bytes with two bytes before each.
local NAMES_END = HEADER_AT + 3 * 130 + 1
local function names_of(id)
  local record = call('GETRANGE', key('j/' .. id), 0, NAMES_END)
  if record == '' then return nil end
  local _, tenant, queue, task, priority = Header.unpack(record, HEADER_AT, 'tenant_id', 'queue', 'task', 'priority')
  return tenant, queue, task, priority
end

-- A stored request without the time of its creation, as a client sends it. nil stays nil.
local function request_of(record)
  return record and string.sub(record, 9)
end

local function header_and_payload(request)
  local after, header = cmsgpack.unpack_one(request, 2)
  return with_defaults(header), string.sub(request, after + 1)
end

-- Whether two requests ask for the same job of the same tenant. A later release may send more fields, and the headers
-- of a repeated request carry another trace: neither is compared.
local function is_same_request(stored, sent)
  if stored == sent then return true end
  local a, payload_of_a = header_and_payload(stored)
  local b, payload_of_b = header_and_payload(sent)
  for i = 1, math.min(#a, #b) do
    if i ~= Header.headers and pack(a[i]) ~= pack(b[i]) then return false end
  end
  return payload_of_a == payload_of_b
end

-- The order in a lane: priority, then age. The age is a sequence number that a job keeps over retries.
local PRIORITY_STEP = 2 ^ 44
local function rank_of(priority, sequence)
  return (9 - priority) * PRIORITY_STEP + sequence
end

-- Store a PastAttempt. The last 20 of a job are kept.
local function keep_attempt(id, attempt)
  local number = attempt[PastAttempt.number]
  call('HSET', key('x/' .. id), 'a' .. number, pack(attempt))
  call('HDEL', key('x/' .. id), 'a' .. (number - 20))
end
