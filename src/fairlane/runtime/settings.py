"""Settings: what each one is, and where its value comes from.

A flag wins over a `FAIRLANE_*` environment variable, that over `fairlane.toml` in the current
folder, and that over the default.
"""

from __future__ import annotations

import ipaddress
import os
import re
import stat
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple, get_type_hints

import msgspec
from msgspec import Meta

from ..model.durability import Durability
from ..model.durations import parse_duration_ms
from ..model.errors import InvalidInput
from ..model.idempotency import MAX_IDEMPOTENCY_MS
from ..model.job import MAX_DELAY_MS
from ..model.lease import MAX_LEASE_MS, MIN_LEASE_MS
from ..model.tenant import Fairness, PolicyChange, Rate, TenantPolicy, parse_limit
from ..process.environment import TOKEN_VARIABLE
from ..process.loop import LoopKind
from ..rest.urls import is_remote

FILE_NAME = "fairlane.toml"
MAX_FILE_BYTES = 64 << 10
_MIN_STORE_BYTES = 16 << 20
"""What the store needs to take jobs at all."""
_SIZE = re.compile(r"(\d+)\s*(KB|MB|GB)", re.IGNORECASE | re.ASCII)
_UNITS = {"KB": 1 << 10, "MB": 1 << 20, "GB": 1 << 30}


def parse_size(text: str) -> int:
    """Bytes of "800KB", "512MB" or "2GB". Raises InvalidInput."""
    match = _SIZE.fullmatch(text.strip())
    if match is None or int(match[1]) == 0:
        raise InvalidInput(f'a size must look like "512MB" or "2GB", not {text!r}')
    return int(match[1]) * _UNITS[match[2].upper()]


def parse_address(text: str) -> tuple[str, int]:
    """Host and port of "HOST:PORT", ":PORT" or "PORT"; on this machine alone where no host is named.

    Raises InvalidInput.
    """
    host, _, port = text.rpartition(":")
    if not (port.isascii() and port.isdigit() and int(port) <= 65_535):
        raise InvalidInput(f'an address must look like "127.0.0.1:9000" or "9000", not {text!r}')
    return host.strip("[]") or "127.0.0.1", int(port)


def parse_proxies(text: str) -> tuple[str, ...]:
    """The addresses and networks of "10.0.0.1, 10.1.0.0/16". Raises InvalidInput."""
    proxies = tuple(part.strip() for part in text.split(",") if part.strip())
    for proxy in proxies:
        try:
            ipaddress.ip_network(proxy)
        except ValueError:
            raise InvalidInput(
                f'proxies must be addresses or networks such as "10.0.0.1,10.1.0.0/16", not {proxy!r}'
            ) from None
    return proxies


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """The values of all settings, checked. Durations and rates stay as they were written."""

    host: Annotated[str, Meta(min_length=1, description="Address that the API listens on.")] = "127.0.0.1"
    port: Annotated[int, Meta(ge=0, le=65_535, description="Port of the API; 0 selects a free one.")] = 8000
    auth: Annotated[
        Literal["off", "tokens"],
        Meta(description='Whether the API asks for access tokens: "tokens", or "off", on this machine alone.'),
    ] = "off"
    tenant_logs: Annotated[
        Literal["off", "on"],
        Meta(description='Whether a tenant\'s token may read the logs of the tenant\'s jobs: "on", or "off".'),
    ] = "off"
    base_path: Annotated[
        str, Meta(description='Path below which a reverse proxy serves the API and dashboard, such as "/queues".')
    ] = ""
    proxies: Annotated[
        str,
        Meta(
            description="Reverse proxies whose X-Forwarded-For and X-Forwarded-Proto are trusted, such as "
            '"10.0.0.1,10.1.0.0/16"; none if empty.'
        ),
    ] = ""
    data_dir: Annotated[str, Meta(min_length=1, description="Folder of the embedded store.")] = ".fairlane"
    max_memory: Annotated[
        str,
        Meta(
            description='Memory for the data of the embedded store, such as "2GB"; half of the machine\'s, or of the '
            "container's, if empty."
        ),
    ] = ""
    workers: Annotated[int, Meta(ge=1, le=1_000, description="Worker slots: the number of jobs that run at once.")] = 8
    processes: Annotated[int, Meta(ge=1, le=256, description="Number of worker processes that share the slots.")] = 1
    store: Annotated[str, Meta(description="URL of the store; an embedded store in the data folder if empty.")] = ""
    url: Annotated[
        str, Meta(description="URL of the API or store to connect to; the embedded store in the data folder if empty.")
    ] = ""
    token_file: Annotated[
        str, Meta(description="File with the access token for the API at the URL; FAIRLANE_TOKEN if empty.")
    ] = ""
    default_rate: Annotated[
        str, Meta(description='Default submission rate to store, such as "10/1m", or "off"; the stored one if empty.')
    ] = ""
    default_concurrency: Annotated[
        str, Meta(description='Default concurrency limit to store, such as "5", or "off"; the stored one if empty.')
    ] = ""
    fairness: Annotated[
        Fairness, Meta(description='Unit that tenants share equally: "jobs", or "seconds" of run time.')
    ] = Fairness.JOBS
    idempotency: Annotated[str, Meta(description="Time for which an idempotency key returns its first job.")] = "24h"
    lease: Annotated[str, Meta(description="Time without a heartbeat after which a worker's jobs run again.")] = "30s"
    durability: Annotated[
        str,
        Meta(
            description='When a job is acknowledged: once on "disk", in "memory" (on disk within two seconds), or also '
            'on the disks of N replicas ("replicas:N").',
        ),
    ] = "disk"
    drain: Annotated[str, Meta(description="Time for running jobs to end after a request to stop.")] = "10s"
    hand_back: Annotated[
        str,
        Meta(
            description="Time that a job waits for a worker that knows its task and reads its payload; then it fails."
        ),
    ] = "1h"
    max_jobs: Annotated[
        int,
        Meta(ge=0, description="Replace a worker process after this number of jobs; 0: never."),
    ] = 0
    max_worker_memory: Annotated[
        str, Meta(description='Replace a worker process above this memory, such as "512MB".')
    ] = ""
    health: Annotated[
        str,
        Meta(
            description='Port for /livez and /readyz of the worker, such as "9000"; on this machine alone, unless '
            'named as "0.0.0.0:9000".'
        ),
    ] = ""
    metrics: Annotated[
        str,
        Meta(
            description='Port for /metrics of a worker or a relay, such as "9100"; on this machine alone, unless named '
            'as "0.0.0.0:9100".'
        ),
    ] = ""
    metrics_tenants: Annotated[
        int, Meta(ge=0, le=200, description="Number of tenants that /metrics of the API names; 0: none.")
    ] = 20
    loop: Annotated[LoopKind, Meta(description='Event loop of workers and the API: "uvloop" or "asyncio".')] = "uvloop"
    log_format: Annotated[Literal["text", "json"], Meta(description='Format of log lines: "text" or "json".')] = "text"
    log_level: Annotated[
        Literal["debug", "info", "warning", "error"],
        Meta(description='Least level of fairlane\'s log lines; "debug" shows the end of each attempt.'),
    ] = "info"
    job_logs: Annotated[
        Literal["off", "stdout"], Meta(description='Where workers also print what jobs log: "stdout", or "off".')
    ] = "off"

    @property
    def store_url(self) -> str:
        """The store that `up` and `serve` use."""
        return self.store or f"embedded:{self.data_dir}"

    @property
    def queue_url(self) -> str:
        """The store or API that clients and workers use."""
        return self.url or self.store_url

    @property
    def idempotency_ms(self) -> int:
        return parse_duration_ms(self.idempotency, "idempotency")

    @property
    def asks_for_tokens(self) -> bool:
        return self.auth == "tokens"

    @property
    def shows_logs_to_tenants(self) -> bool:
        return self.tenant_logs == "on"

    @property
    def lease_ms(self) -> int:
        return parse_duration_ms(self.lease, "lease")

    @property
    def hand_back_seconds(self) -> float:
        return parse_duration_ms(self.hand_back, "hand-back") / 1000

    @property
    def drain_seconds(self) -> float:
        return parse_duration_ms(self.drain, "drain") / 1000

    @property
    def max_memory_bytes(self) -> int | None:
        return parse_size(self.max_memory) if self.max_memory else None

    @property
    def max_worker_memory_bytes(self) -> int | None:
        return parse_size(self.max_worker_memory) if self.max_worker_memory else None

    def change_of_defaults(self) -> PolicyChange:
        """The default limits that were given. `up` and `serve` store them."""
        change = PolicyChange(
            submit_rate=Rate.parse(self.default_rate) if self.default_rate else msgspec.UNSET,
            concurrency=(
                parse_limit(self.default_concurrency, "concurrency") if self.default_concurrency else msgspec.UNSET
            ),
        )
        change.apply_to(TenantPolicy())  # raises InvalidInput
        return change


class Origin(NamedTuple):
    """A setting's value and where it comes from: a flag, a variable, a file, or the default."""

    value: Any
    origin: str


_FIELDS = {field.name: field for field in msgspec.structs.fields(Settings)}
_TYPES = get_type_hints(Settings, include_extras=True)
NAMES = tuple(_FIELDS)


def flag_of(name: str) -> str:
    return "--" + name.replace("_", "-")


def variable_of(name: str) -> str:
    return "FAIRLANE_" + name.upper()


def description_of(name: str) -> str:
    """The description of a setting."""
    return next(part.description for part in _TYPES[name].__metadata__ if isinstance(part, Meta)) or ""


def default_of(name: str) -> Any:
    return _FIELDS[name].default


def read_file(folder: Path) -> dict[str, Any]:
    """The settings in a folder's fairlane.toml, by name. Raises InvalidInput where it cannot be understood."""
    try:
        found = tomllib.loads(_text_of(folder / FILE_NAME))
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise InvalidInput(f"{FILE_NAME} cannot be read: {error}") from None
    spelled = {name.replace("_", "-"): name for name in NAMES}
    for key in found:
        if key not in spelled:
            raise InvalidInput(f"{FILE_NAME}: unknown setting {key!r}; known are {', '.join(sorted(spelled))}")
    return {spelled[key]: value for key, value in found.items()}


def _text_of(path: Path) -> str:
    """The text of a file that another person may have made: a pipe must not hang us, nor a device fill our memory."""
    with open(path, "rb", opener=lambda name, flags: os.open(name, flags | os.O_NONBLOCK)) as file:
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            raise OSError("it is not a regular file")
        if len(text := file.read(MAX_FILE_BYTES + 1)) > MAX_FILE_BYTES:
            raise OSError(f"it has more than {MAX_FILE_BYTES >> 10} KiB")
    return text.decode()


def find_origins(
    flags: Mapping[str, Any], environment: Mapping[str, str], file: Mapping[str, Any]
) -> dict[str, Origin]:
    """Each setting's unchecked value and its origin. `flags` has the given flags by the setting's name."""
    origins = {}
    for name in NAMES:
        if flags.get(name) is not None:
            origins[name] = Origin(flags[name], flag_of(name))
        elif environment.get(variable_of(name)):
            origins[name] = Origin(environment[variable_of(name)], variable_of(name))
        elif name in file:
            origins[name] = Origin(file[name], FILE_NAME)
        else:
            origins[name] = Origin(default_of(name), "default")
    _check_token_goes_with_url(origins, environment)
    return origins


def _check_token_goes_with_url(origins: Mapping[str, Origin], environment: Mapping[str, str]) -> None:
    """Raises InvalidInput if the current folder would choose who receives the user's access token."""
    if origins["token_file"].origin == FILE_NAME:
        raise InvalidInput(f"{FILE_NAME} cannot set token-file: use --token-file or FAIRLANE_TOKEN_FILE")
    has_token = origins["token_file"].value or environment.get(TOKEN_VARIABLE)
    if has_token and origins["url"].origin == FILE_NAME and is_remote(str(origins["url"].value)):
        raise InvalidInput(
            f"the access token is not sent to the URL in {FILE_NAME}, since anyone can write such a file: set the URL "
            f"where you set the token, with --url or FAIRLANE_URL"
        )


def check(origins: Mapping[str, Origin]) -> Settings:
    """Settings from values of any origin. Raises InvalidInput that names the value's origin."""
    values = {}
    for name, (written, origin) in origins.items():
        what = f"{origin}: {name.replace('_', '-')}" if origin == FILE_NAME else origin
        # A limit is a number or "off": a file may write the number as one.
        value = str(written) if name == "default_concurrency" and type(written) is int else written
        try:
            # Flags and variables are text; a file must say what it means.
            values[name] = msgspec.convert(value, _TYPES[name], strict=origin == FILE_NAME)
            _check_meaning(name, values[name])
        except msgspec.ValidationError as error:
            raise InvalidInput(f"{what}: {error}") from None
        except InvalidInput as error:
            raise InvalidInput(f"{what}: {error.detail}") from None
    settings = Settings(**values)
    if settings.processes > settings.workers:
        raise InvalidInput(f"{settings.processes} processes cannot share {settings.workers} worker slots")
    return settings


class _Bounds(NamedTuple):
    """The least and the most (ms) of a duration, and how to say so."""

    least_ms: int
    most_ms: int
    what: str
    words: str


_DURATIONS = {
    "lease": _Bounds(MIN_LEASE_MS, MAX_LEASE_MS, "a lease", "1s to 1h"),
    "idempotency": _Bounds(60_000, MAX_IDEMPOTENCY_MS, "idempotency", "1m to 30d"),
    "hand_back": _Bounds(0, MAX_DELAY_MS, "hand-back", "366d at most"),
    "drain": _Bounds(0, 86_400_000, "a drain", "1d at most"),
}


def _check_meaning(name: str, value: Any) -> None:
    """Raises InvalidInput for what the type alone does not rule out."""
    if name == "durability":
        Durability(value)
    bounds = _DURATIONS.get(name)
    if bounds and not bounds.least_ms <= parse_duration_ms(value, bounds.what) <= bounds.most_ms:
        raise InvalidInput(f"{bounds.what} must be {bounds.words}")
    match name:
        case "default_rate" | "default_concurrency":
            Settings(**{name: value}).change_of_defaults()
        case "max_worker_memory":
            if value:
                parse_size(value)
        case "max_memory":
            if value and parse_size(value) < _MIN_STORE_BYTES:
                raise InvalidInput(f"the store needs at least {_MIN_STORE_BYTES >> 20}MB")
        case "proxies":
            parse_proxies(value)
        case "health" | "metrics":
            if value:
                parse_address(value)


def as_environment(settings: Settings) -> dict[str, str]:
    """The settings as environment variables, from which a child process reads the same ones."""
    return {variable_of(name): str(getattr(settings, name)) for name in NAMES}
