"""Who takes part, and what each guarantees in the settings measured here."""

from __future__ import annotations

import msgspec


class Peer(msgspec.Struct, frozen=True):
    """A queue and the driver that runs it."""

    name: str
    requirements: tuple[str, ...]
    """What the environment is made of, with exact versions; empty: fairlane's own environment."""
    guarantees: str
    """What a job is promised in the settings of the driver, by the project's own documentation."""
    driver: str
    runs_jobs: bool = True
    variables: dict[str, str] = {}

    @property
    def is_node(self) -> bool:
        return self.driver.endswith(".mjs")


REDIS = ("redis==8.1.0", "hiredis==3.5.0")
LOOP = ("uvloop==0.23.0",)

PEERS = (
    Peer("SET", (), "none: the baseline writes a record and runs nothing", "drive_raw.py", runs_jobs=False),
    Peer(
        "fairlane",
        (),
        "leases with fences, results kept, tenants' turns, exact limits, counts",
        "drive_fairlane.py",
    ),
    Peer(
        "fairlane (50 tenants)",
        (),
        "the same, with the jobs spread over 50 tenants",
        "drive_fairlane.py",
        variables={"BENCH_TENANTS": "50"},
    ),
    Peer(
        "BullMQ",
        ("bullmq 6.7.0 (package-lock.json)",),
        "locks with tokens, stalled jobs run again",
        "bullmq/driver.mjs",
    ),
    Peer(
        "ardiq",
        ("ardiq==1.2.0", *LOOP),
        "stream acknowledgement after the run, stalled jobs run again",
        "drive_ardiq.py",
    ),
    Peer(
        "streaQ",
        ("streaq==7.2.0", *LOOP),
        "stream acknowledgement after the run, stalled jobs run again",
        "drive_streaq.py",
    ),
    Peer(
        "docket",
        ("pydocket==0.27.0", *REDIS, *LOOP),
        "stream acknowledgement after the run, stalled jobs run again",
        "drive_docket.py",
    ),
    Peer(
        "TaskIQ",
        ("taskiq==0.13.0", "taskiq-redis==1.2.4", *REDIS, *LOOP),
        "stream acknowledgement after the run",
        "drive_taskiq.py",
    ),
    Peer(
        "arq",
        ("arq==0.28.0", "redis==5.3.1", "hiredis==3.5.0", *LOOP),
        "a job that was cut off runs again",
        "drive_arq.py",
    ),
    Peer(
        "SAQ",
        ("saq==0.26.4", "typing_extensions==4.16.0", "redis==7.4.1", "hiredis==3.5.0", *LOOP),
        "a stuck job is swept and runs again",
        "drive_saq.py",
    ),
    Peer(
        "dramatiq",
        ("dramatiq==2.2.1", *REDIS),
        "acknowledgement after the run, messages of dead workers run again",
        "drive_dramatiq.py",
    ),
    Peer(
        "Celery",
        ("celery==5.7.0", "packaging==26.4", *REDIS),
        "acknowledgement before the run: a crash loses the job",
        "drive_celery.py",
    ),
    Peer("RQ", ("rq==3.0.0", *REDIS), "an abandoned job is marked as failed", "drive_rq.py"),
    Peer("Huey", ("huey==3.5.4", *REDIS), "no acknowledgement: a crash loses the job", "drive_huey.py"),
)
