-- job: what is stored of a job, and where.
--   j/ID     the request: 8 bytes created (ms), 2 bytes header length, header (msgpack), payload
--   started  hash ID -> how far an unfinished job got; absent before its first attempt
--   x/ID     hash of extras: aN = ended attempt N (msgpack), p = progress
--   r/ID     how a finished job ended (msgpack)
local HEADER_AT = 10

local function header_of(record)
  local _, h = cmsgpack.unpack_one(record, HEADER_AT)
  return {
    tenant = h[1], queue = h[2], priority = h[4], max_attempts = h[5],
    backoff_base = h[7], backoff_cap = h[8], key = h[9],
  }
end

local function started_of(packed)
  local s = unpack_value(packed)
  return {
    token = s[1], running = s[2], attempt = s[3], base = s[4], claimed_at = s[5], worker = s[6],
    tenant = s[7], queue = s[8], rank = s[9], cancelled_by = s[10], reason = s[11],
  }
end

local function pack_started(s)
  return pack({
    s.token, s.running, s.attempt, s.base, s.claimed_at, s.worker,
    s.tenant, s.queue, s.rank, s.cancelled_by, s.reason,
  })
end

-- Order in a lane: priority, then age. The age is a sequence number that a job keeps over retries.
local PRIORITY_STEP = 2 ^ 44
local function rank_of(priority, sequence)
  return (9 - priority) * PRIORITY_STEP + sequence
end

local function attempt_record(s, outcome, body)
  return pack({ s.attempt, s.worker, s.claimed_at, now, outcome, body })
end
