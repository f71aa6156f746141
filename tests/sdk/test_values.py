"""Values that are not plain JSON: written whole and read back, or refused before anything is lost."""

from __future__ import annotations

import enum
import math
from collections import OrderedDict, UserDict, defaultdict, deque
from collections.abc import Hashable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from types import MappingProxyType
from typing import Annotated, Any, NamedTuple, TypedDict
from uuid import UUID

import attrs
import msgspec
import pytest
from pydantic import BaseModel, ConfigDict, Field, HttpUrl, RootModel, SecretStr
from pydantic.dataclasses import dataclass as pydantic_dataclass

from fairlane import InvalidInput, ResultMismatch, State
from fairlane.job.json_values import encode
from fairlane.job.parameters import Parameters
from tests.support.app_world import World, json_of


class Html(str):
    """As Django's SafeString: even its `str()` is one."""

    def __str__(self) -> str:
        return self


class Whole(int):
    pass


class Real(float):
    """As numpy's float64."""


class Binary(bytes):
    pass


class FakeDatetime(datetime):
    """As that of freezegun."""


class Nanoseconds(datetime):
    """As pandas' Timestamp: equal to no datetime."""

    def __eq__(self, other: object) -> bool:
        return False

    __hash__ = datetime.__hash__


class Items(list[int]):
    pass


class Table(dict[str, int]):
    pass


class DatabaseId(UUID):
    """As asyncpg's."""


class Level(enum.IntEnum):
    HIGH = 3


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (Html("<b>é"), '"<b>é"'),
        (Whole(7), "7"),
        (Real(1.5), "1.5"),
        (Binary(b"ab"), '"YWI="'),
        (Items([1, 2]), "[1,2]"),
        (Table(a=1), '{"a":1}'),
        (OrderedDict(a=1), '{"a":1}'),
        (UserDict(a=1), '{"a":1}'),
        (MappingProxyType({"a": 1}), '{"a":1}'),
        (deque([1]), "[1]"),
        (range(3), "[0,1,2]"),
        ({"a": 1}.keys(), '["a"]'),
        ({Html("k"): [Html("v"), (Real(2.0),)], Whole(1): {Whole(2)}}, '{"k":["v",[2.0]],"1":[2]}'),
        (FakeDatetime(2027, 1, 2, 3, 4, 5, 6), '"2027-01-02T03:04:05.000006"'),
        (DatabaseId(int=1), '"00000000-0000-0000-0000-000000000001"'),
        (Level.HIGH, "3"),
        ({"none": None, "number": 1.5}, '{"none":null,"number":1.5}'),
    ],
)
def test_subclasses_of_plain_types_are_written_as_the_plain_type(value: Any, text: str) -> None:
    assert encode(value, "it").decode() == text


@dataclass
class Event:
    at: int


@dataclass
class Paid(Event):
    amount: int


@dataclass
class Measured:
    mean: float | None = None


class Model(BaseModel):
    mean: float | None = None


class Secret(BaseModel):
    token: SecretStr


class Secrets(BaseModel):
    by_name: dict[str, list[Secret]]


@pytest.mark.parametrize(
    ("value", "complaint"),
    [
        (math.nan, "JSON has no nan, at $"),
        ({"a": [1.0, None, -math.inf]}, "JSON has no -inf, at $.a[2]"),
        (Real("nan"), "JSON has no nan, at $"),
        (Measured(math.inf), "JSON has no inf, at $.mean"),
        (Model(mean=math.nan), "JSON has no nan, at $.mean"),
        ([msgspec.Raw(b"null"), math.nan], "JSON has no nan, at $[1]"),
        (Nanoseconds(2027, 1, 2), "a Nanoseconds holds more than a datetime does; convert it"),
        ((n for n in range(3)), "a generator has no JSON form; use plain values, a dataclass or a msgspec.Struct"),
        (1j, "a complex has no JSON form; use plain values, a dataclass or a msgspec.Struct"),
        (SecretStr("x"), "a SecretStr is not written down; pass what get_secret_value() returns"),
        ([Secret(token=SecretStr("x"))], "a SecretStr is not written down; pass what get_secret_value() returns"),
        (
            Secrets(by_name={"a": [Secret(token=SecretStr("x"))]}),
            "a SecretStr is not written down; pass what get_secret_value() returns",
        ),
        ({(1, 2): 3}, "a tuple cannot be the key of an object in JSON; use a str"),
        ({"a": {1: "x", "1": "y"}}, "two keys of one object are written alike, such as 1 and '1'"),
    ],
)
def test_what_json_cannot_hold_is_refused(value: Any, complaint: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        encode(value, "the result")
    assert refused.value.detail == f"the result cannot be written as JSON: {complaint}"


def through(annotation: Any, value: Any) -> Any:
    """What a task gets for this argument."""

    def task(value: Any) -> None:
        pass

    task.__annotations__["value"] = annotation
    parameters = Parameters(task, "t")
    [[argument], _] = parameters.decode(parameters.encode((value,), {}))
    return argument


@attrs.define
class Box:
    event: Event


class Point(NamedTuple):
    x: int
    event: Event


class Row(TypedDict):
    a: int


class LongRow(Row):
    b: int


class Base(msgspec.Struct):
    a: int


class Derived(Base):
    b: int


class Tagged(msgspec.Struct, tag="t", rename="camel"):
    first_name: str


class Pair(msgspec.Struct, array_like=True, tag=True):
    a: int
    event: Event


class Triple(Pair, tag="Pair"):
    c: int


class OnlyA(BaseModel):
    a: int


class AandB(OnlyA):
    b: int


@pytest.mark.parametrize(
    ("annotation", "value", "path"),
    [
        (Event, Paid(1, 2), "$.value.amount"),
        (Event | None, Paid(1, 2), "$.value.amount"),
        (list[Event], [Event(1), Paid(1, 2)], "$.value[1].amount"),
        (dict[int, Event], {5: Paid(1, 2)}, "$.value.5.amount"),
        (tuple[int, Event], (1, Paid(1, 2)), "$.value[1].amount"),
        (Box, Box(Paid(1, 2)), "$.value.event.amount"),
        (Point, Point(1, Paid(1, 2)), "$.value[1].amount"),
        (Base, Derived(1, 2), "$.value.b"),
        (Pair, Triple(1, Event(1), 3), "$.value[3]"),
        (Pair, Pair(1, Paid(1, 2)), "$.value.event.amount"),
        (Row, LongRow(a=1, b=2), "$.value.b"),
        (OnlyA, AandB(a=1, b=2), "$.value.b"),
        (list[OnlyA], [AandB(a=1, b=2)], "$.value[0].b"),
    ],
)
def test_a_subclass_whose_fields_the_annotation_lacks_is_refused(annotation: Any, value: Any, path: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        through(annotation, value)
    assert f"the annotation has no room for `{path}`; name the type that holds it" in refused.value.detail


def test_the_order_of_keyword_arguments_loses_nothing() -> None:
    def task(event: Event, row: Row, more: Event | None = None) -> None:
        pass

    payload = Parameters(task, "t").encode((), {"row": {"a": 1}, "event": Event(2)})
    assert msgspec.json.decode(payload) == {"row": {"a": 1}, "event": {"at": 2}}


class Address(BaseModel):
    model_config = ConfigDict(populate_by_name=False, strict=True)

    post_code: str = Field(alias="postCode")
    since: datetime | None = None


class Person(BaseModel):
    name: str
    home: Address
    site: HttpUrl | None = None


class Pet(BaseModel):
    kind: str
    owner: Person | None = None


class Numbers(RootModel[list[int]]):
    pass


@dataclass
class Order:
    person: Person
    pets: list[Pet] = field(default_factory=list)


@pydantic_dataclass
class Checked:
    at: datetime


class Holder(msgspec.Struct):
    person: Person
    others: list[Person] = []


HOME = Address(postCode="69001", since=datetime(2020, 1, 1))
ANN = Person(name="Ann", home=HOME, site=HttpUrl("https://example.org/a"))
PET = Pet(kind="cat", owner=ANN)


@pytest.mark.parametrize(
    ("annotation", "value"),
    [
        (Person, ANN),
        (list[Person], [ANN, ANN]),
        (dict[str, Person], {"a": ANN}),
        (Person | None, None),
        (Person | None, ANN),
        (Person | Pet, PET),
        (Person | Pet | int | str, ANN),
        (Person | int, 3),
        (tuple[Person, int], (ANN, 1)),
        (Order, Order(ANN, [PET])),
        (Numbers, Numbers([1, 2])),
        (Checked, Checked(at=datetime(2027, 1, 2))),
        (Holder, Holder(ANN, [ANN])),
        (HttpUrl, HttpUrl("https://example.org/a")),
        (Annotated[list[Pet], "of the shop"], [PET]),
    ],
)
def test_pydantic_models_come_back_equal(annotation: Any, value: Any) -> None:
    read = through(annotation, value)
    assert read == value
    assert type(read) is type(value)


def test_pydantic_checks_what_it_is_asked_to() -> None:
    assert through(Annotated[int, Field(gt=0)], 1) == 1
    with pytest.raises(InvalidInput, match="greater than 0"):
        through(Annotated[int, Field(gt=0)], 0)
    with pytest.raises(InvalidInput, match="home"):
        through(Person, {"name": "Ann"})


@pytest.mark.parametrize(
    ("annotation", "value"),
    [
        (Html, Html("x")),
        (list[Html], [Html("x")]),
        (Real, Real(2)),
        (Table, Table(a=1)),
        (Items | None, Items([1])),
        (Base, Base(1)),
        (Tagged, Tagged("Ann")),
        (Pair, Pair(1, Event(1))),
        (FakeDatetime, FakeDatetime(2027, 1, 2, 3, tzinfo=UTC)),
        (DatabaseId | None, DatabaseId(int=1)),
        (dict[str, Any], {"a": "**********", "b": {"1": '":'}}),
        (Box, Box(Event(1))),
        (Decimal, Decimal("1.10")),
        (timedelta, timedelta(days=1)),
        (date, date(2027, 1, 2)),
        (Level, Level.HIGH),
        (OrderedDict[str, Event], OrderedDict(a=Event(1))),
        (defaultdict[int, list[Event]], defaultdict(list, {3: [Event(1)]})),
    ],
)
def test_values_come_back_as_the_annotated_type(annotation: Any, value: Any) -> None:
    read = through(annotation, value)
    assert read == value
    assert type(read) is type(value)


def test_abstract_annotations_take_what_json_holds() -> None:
    assert through(Iterable[int], [1]) == [1]
    assert through(Hashable, "a") == "a"
    with pytest.raises(InvalidInput, match="Expected `Hashable`, got `list`"):
        through(Hashable, [1])
    with pytest.raises(InvalidInput, match="Expected `int`, got `str`"):
        through(Items, ["a"])


async def test_results_follow_the_same_rule(world: World) -> None:
    @world.app.task
    async def html() -> str:
        return Html("<b>hi</b>")

    @world.app.task
    def person() -> Person:
        return ANN

    @world.app.task
    async def stats() -> dict[str, float | None]:
        return {"mean": math.nan, "max": None}

    @world.app.task
    async def event() -> Event:
        return Paid(1, 99)

    async with world.worker():
        assert await (await html.submit()).result(timeout=30) == "<b>hi</b>"
        assert await (await person.submit()).result(timeout=30) == ANN
        failed = await world.finished((await stats.submit()).id)
        assert failed.error is not None
        assert (failed.state, failed.attempt, failed.error.type) == (State.FAILED, 1, "InvalidResult")
        assert failed.error.message == "the result cannot be written as JSON: JSON has no nan, at $.mean"
        handle = await event.submit()
        with pytest.raises(ResultMismatch, match=r"the annotation has no room for `\$.amount`"):
            await handle.result(timeout=30)
        assert json_of((await handle.refresh()).result) == {"at": 1, "amount": 99}
