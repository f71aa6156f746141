-- job: the records of a job.
-- NEEDS base
--   j/ID     the request: 8 bytes created (ms), 2 bytes header length, header (msgpack), payload
--   started  hash ID -> the state of an unfinished job (msgpack, places below); absent before its first attempt
--   x/ID     hash: aN = ended attempt N (msgpack), p = progress
--   r/ID     how a finished job ended (msgpack)
local HEADER_AT = 10

-- When (ms) the job was created; now if the record is missing.
local function created_of(record)
  return record and #record >= HEADER_AT and struct.unpack('>d', record) or now
end

local function header_of(record)
  local _, h = cmsgpack.unpack_one(record, HEADER_AT)
  return {
    tenant = h[1], queue = h[2], priority = h[4], max_attempts = h[5],
    backoff_base = h[7], backoff_cap = h[8], key = h[9],
  }
end

-- Places in a record of `started`. TOKEN ends in the fence, a number that rises with every lease (a fencing token); a
-- caller that sends another token has lost its lease. BASE is the attempt at which the job last left the dead letters.
local TOKEN, RUNNING, ATTEMPT, BASE, CLAIMED_AT, WORKER = 1, 2, 3, 4, 5, 6
local TENANT, QUEUE, RANK, CANCELLED_BY, REASON = 7, 8, 9, 10, 11

-- The order in a lane: priority, then age. The age is a sequence number that a job keeps over retries.
local PRIORITY_STEP = 2 ^ 44
local function rank_of(priority, sequence)
  return (9 - priority) * PRIORITY_STEP + sequence
end

-- attempt: { number, worker, claimed at, ended at, outcome, body }. The last 20 are kept.
local function keep_attempt(id, attempt)
  call('HSET', key('x/' .. id), 'a' .. attempt[1], pack(attempt))
  call('HDEL', key('x/' .. id), 'a' .. (attempt[1] - 20))
end
