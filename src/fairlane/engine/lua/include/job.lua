-- job: the records of a job.
-- NEEDS base
--   j/ID     the request: 8 bytes created (ms), 2 bytes header length, Header (msgpack), payload
--   started  hash ID -> Started (msgpack), the state of an unfinished job; absent before its first attempt
--   x/ID     hash: aN = PastAttempt N (msgpack), p = progress
--   r/ID     Ended (msgpack), how a finished job ended
-- engine/layouts.py names the places of these arrays. A token ends in the fence, a number that rises with every lease (a
-- fencing token): a caller that sends another token has lost its lease.
local HEADER_AT = 10

-- When (ms) the job was created; now if the record is missing.
local function created_of(record)
  return record and #record >= HEADER_AT and struct.unpack('>d', record) or now
end

local function header_of(record)
  local _, header = cmsgpack.unpack_one(record, HEADER_AT)
  return header
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
