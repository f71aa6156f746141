"""The state machine is the same in its table, in the Lua scripts and in its drawing."""

import re
from pathlib import Path

from fairlane.engine import scripts
from fairlane.model.states import TRANSITIONS, State

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "state-machine.md"
_ARROW = re.compile(r"^  (\[\*\]|\w+) --> (\w+): (\w+)(?: \((.+)\))?$", re.MULTILINE)


def state_of(text: str) -> State | None:
    return None if text in ("[*]", "none") else State(text)


def drawn() -> list[tuple[State | None, State, str, str]]:
    drawing = PAGE.read_text(encoding="utf-8").split("```mermaid\n")[1].split("```")[0]
    assert drawing.count("-->") == len(_ARROW.findall(drawing))
    return [(state_of(source), State(target), verb, when) for source, target, verb, when in _ARROW.findall(drawing)]


def test_the_table_is_what_the_scripts_declare() -> None:
    declared = []
    for name in scripts.names():
        for event in scripts.load(name).events:
            source, _, target = event.partition(">")
            declared.append((state_of(source), State(target), name))
    assert sorted(declared, key=str) == sorted(((t.source, t.target, t.verb) for t in TRANSITIONS), key=str)


def test_the_table_is_what_is_drawn() -> None:
    assert sorted(drawn(), key=str) == sorted((tuple(t) for t in TRANSITIONS), key=str)


def test_every_arrow_has_its_sentence() -> None:
    text = PAGE.read_text(encoding="utf-8")
    for source, target, verb, _ in drawn():
        words = f"{verb} → {target}" if source is None else f"{verb}, {source} → {target}"
        assert text.count(f"- **{words}**: ") == 1


def test_every_state_can_be_reached_and_only_failed_and_cancelled_jobs_can_come_back() -> None:
    assert {t.target for t in TRANSITIONS} == set(State)
    assert {t.source for t in TRANSITIONS if t.source and t.source.is_terminal} == {State.FAILED, State.CANCELLED}
