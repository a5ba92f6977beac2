"""What REAPER holds beside its projects: tabs, pointers, ext state, console, dialogs, faults.

The engine is told beforehand what the user answers and what goes wrong (``faults``); it
writes down what scripts did, so that a scenario can be judged from its report.
"""

from __future__ import annotations

import ctypes
import time
import traceback
from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from reascript import StandInError, model
from reascript.history import History
from reascript.model import Envelope, Item, Master, Project, Source, Take, Track
from reascript.rpp import Node

TICK = 0.033
TYPES: dict[str, tuple[type, ...]] = {
    "ReaProject": (Project,),
    "MediaTrack": (Track, Master),
    "MediaItem": (Item,),
    "MediaItem_Take": (Take,),
    "TrackEnvelope": (Envelope,),
    "PCM_source": (Source,),
}
BOX_ANSWERS = {"ok": 1, "cancel": 2, "abort": 3, "retry": 4, "ignore": 5, "yes": 6, "no": 7}


class PlannedError(RuntimeError):
    """A failure that the scenario asked for."""


@dataclass
class Faults:
    """How this REAPER misbehaves. The names are those of a scenario's ``faults``."""

    #: envelopes by name that GetTrackEnvelopeByName and ...ByChunkName do not find, although
    #: they may be there ("Volume": REAPER has none until it was first shown)
    null_envelopes: list[str] = field(default_factory=list)
    #: "all": every undo point restores everything; "none": no block makes a point
    undo_flags: str | None = None
    #: the bit 8192 of RENDER_SETTINGS does not stick, as before it existed
    no_prefader_stems: bool = False
    #: "disk_full": the first file is cut short, no more follow; "nothing": no file;
    #: "some": only the first half of the files; "cancelled": the user stops after one
    render: str | None = None
    #: of a dry run: "nothing" (the last one's statistics stay), "cancelled" after one track,
    #: "no statistics" as before they existed, "crash": REAPER dies
    dry_run: str | None = None
    #: functions that this version lacks
    missing_functions: list[str] = field(default_factory=list)
    #: a track's fader does not take the value written: track name -> value that it takes
    stuck_faders: dict[str, float] = field(default_factory=dict)
    #: activating a volume envelope moves the fader's value into it (envtrimadjmode)
    trim_moves: bool = False
    #: an envelope that was never shown is no null pointer, but one that is off and has a point
    dormant_envelopes: bool = False
    #: the highest gain that a volume envelope takes, as the preference for its range says
    envelope_range: float | None = None
    #: what GetGlobalAutomationOverride says: -1 none, 0 trim/read, 1 read ... 6 bypass
    automation_override: int = -1
    #: pre-fader stems are asked for, but taken behind the fader
    stems_behind_the_fader: bool = False
    #: code for the exit of a script runs, too, where the task control dialog ended it
    terminated_at_exit: bool = True
    #: an item is always said to be in the first fixed lane
    first_lane_only: bool = False


class Clock:
    """Seconds since the start: real ones, or those of a clock that only ticks move."""

    def __init__(self, virtual: bool) -> None:
        self.virtual = virtual
        self._started = time.monotonic()
        self._now = 0.0

    def now(self) -> float:
        return self._now if self.virtual else time.monotonic() - self._started

    def sleep_until(self, moment: float) -> None:
        if self.virtual:
            self._now = max(self._now, moment)
        else:
            time.sleep(max(0.0, moment - self.now()))


@dataclass(slots=True)
class Planned:
    """Something that happens before the n-th call of a function."""

    call: str
    count: int
    action: Callable[[], bool]


class Engine:
    """One running REAPER."""

    def __init__(
        self,
        *,
        version: str = "7.45/linux-x86_64",
        resource_path: Path,
        faults: Faults | None = None,
        virtual_clock: bool = False,
    ) -> None:
        self.version = version
        major, minor = version.split("/", maxsplit=1)[0].split("+", maxsplit=1)[0].split(".")[:2]
        self.version_number = (int(major), int(minor))
        self.resource_path = resource_path
        self.faults = faults or Faults()
        self.clock = Clock(virtual_clock)
        self.projects: list[Project] = []
        self.current: Project | None = None
        self.histories: dict[int, History] = {}
        self.function_names: frozenset[str] = frozenset()
        self.missing_functions = frozenset(self.faults.missing_functions)
        self.ext_state: dict[tuple[str, str], tuple[str, bool]] = {}
        self.commands: dict[str, int] = {}
        #: scripts in the action list by command, and those that were written to its file
        self.script_commands: dict[int, str] = {}
        self.commands_ever: list[str] = []
        self.committed: list[str] = []
        #: whether the preferences let REAPER load Python; its Lua (None: that of its version)
        self.python_is_on = True
        self.lua_version: str | None = None
        #: starts a script's file, as its action does; set by the runner
        self.start_script: Callable[[Path], Any] | None = None
        self.answers: deque[dict[str, Any]] = deque()
        self.dialogs: list[dict[str, Any]] = []
        self.console: list[str] = []
        #: how often a text opened the console, and what the help line says
        self.console_opened = 0
        self.help = ""
        self.failures: list[str] = []
        self.writes: list[dict[str, Any]] = []
        self.renders: list[dict[str, Any]] = []
        #: dry runs: the action, and what stood on the tracks that it played
        self.dry_runs: list[dict[str, Any]] = []
        self.last_statistics = ""
        self.heard: dict[str, list[Any]] = {}
        self.calls: Counter[str] = Counter()
        self.planned: list[Planned] = []
        self.ui_holds = 0
        #: undo points made by scripts, ever
        self.points_made = 0
        #: when the last block of a script ended with a point
        self.block_ended = 0.0
        self.seconds_inside = 0.0
        self.render_python: str | None = None
        self.render_gain = 0.5
        self._pointers: dict[int, Any] = {}
        self._addresses: dict[int, int] = {}
        self._checked: dict[int, int] = {}
        self._next_address = 0x7F3A_0000_0040
        self._texts: deque[Any] = deque(maxlen=256)
        self._pending: BaseException | None = None

    # ---- what goes wrong

    def fail(self, message: str, error: BaseException | None = None) -> None:
        """Count the scenario as failed; our own reaper_python raises this after the call."""
        trace = "".join(traceback.format_exception(error)) if error else ""
        self.failures.append(message + ("\n" + trace if trace else ""))
        self._pending = StandInError(message)

    def raise_pending(self) -> None:
        if self._pending is not None:
            pending, self._pending = self._pending, None
            raise pending

    def before_call(self, name: str) -> bool:
        """Count a call and let what was planned for it happen; whether it goes on."""
        self.calls[name] += 1
        go_on = True
        for planned in [p for p in self.planned if p.call == name]:
            planned.count -= 1
            if planned.count == 0:
                self.planned.remove(planned)
                go_on = planned.action() and go_on
        return go_on

    def plan(self, call: str, count: int, action: Callable[[], bool]) -> None:
        self.planned.append(Planned(call, count, action))

    def plan_failure(self, call: str, count: int, effect: str) -> None:
        """The n-th call of a function from now is ignored, or raises in the script."""

        def action() -> bool:
            if effect == "raise":
                self._pending = PlannedError(f"planned failure of {call}")
            return False

        self.plan(call, count, action)

    # ---- pointers

    def pointer(self, thing: Any) -> int:
        """The address of an object, the same as long as it lives; 0 for None."""
        if thing is None:
            return 0
        address = self._addresses.get(id(thing))
        if address is None:
            address = self._next_address
            self._next_address += 0x40
            self._addresses[id(thing)] = address
            self._pointers[address] = thing
        return address

    def text_pointer(self, thing: Any) -> str:
        """A pointer as scripts see it."""
        kind = next(k for k, types in TYPES.items() if isinstance(thing, types))
        return f"({kind}*)0x{self.pointer(thing):016X}"

    def find(self, kind: str, address: int) -> Any | None:
        """The living object at an address, or None."""
        thing = self._pointers.get(address)
        if thing is None or not isinstance(thing, TYPES.get(kind, ())):
            return None
        if self._checked.get(address) == Node.epoch:
            return thing
        if not self.alive(thing):
            return None
        self._checked[address] = Node.epoch
        return thing

    def alive(self, thing: Any) -> bool:
        """Whether an object is still part of an open project."""
        if isinstance(thing, Project):
            return thing.open
        if isinstance(thing, Master):
            return thing.project.open
        if isinstance(thing, Take):
            return self.alive(thing.item) and thing in thing.item.takes
        parent = thing.parent
        # blocks and takes compare by identity
        if parent is None or (thing not in parent.children and not parent.sleeps(thing)):
            return False
        while parent.parent is not None:
            child, parent = parent, parent.parent
            if child not in parent.children:
                return False
        return isinstance(parent, Project) and parent.open

    def resolve(self, kind: str, address: int, function: str, may_be_null: bool) -> Any:
        """The object that an argument points to; loud where REAPER would crash or is unknown."""
        if kind in ("void", "GUID"):
            return address or None
        if not address:
            if kind == "ReaProject":
                return self.project
            if may_be_null:
                return None
            raise StandInError(f"{function} was given a null {kind}*")
        thing = self.find(kind, address)
        if thing is None and function == "ValidatePtr2":
            return None
        if thing is None:
            raise StandInError(f"{function} was given a dangling or wrong {kind}* 0x{address:X}")
        return thing

    def keep_text(self, text: str | None) -> int:
        """The address of a text that stays for the caller to read; 0 for None."""
        if text is None:
            return 0
        data = ctypes.create_string_buffer(text.encode("utf-8", "surrogateescape"))
        self._texts.append(data)
        return ctypes.addressof(data)

    # ---- projects

    @property
    def project(self) -> Project:
        if self.current is None:
            raise StandInError("no project is open")
        return self.current

    def history(self, project: Project) -> History:
        return self.histories[id(project)]

    def open_project(self, path: Path | None) -> Project:
        """Load a project (None: a new one) into a tab of its own and make it current."""
        project = model.load(path.read_bytes(), path) if path else model.empty()
        history = History(project)
        history.start()
        self.histories[id(project)] = history
        self.projects.append(project)
        self.current = project
        return project

    def select_project(self, project: Project) -> None:
        left = self.current
        if left is not None and left is not project and self.history(left).open_blocks:
            self.fail("the project tab was switched within an undo block")
        self.current = project

    def close_project(self, project: Project) -> None:
        place = next(i for i, p in enumerate(self.projects) if p is project)
        project.open = False
        project.changed()
        del self.projects[place]
        if self.current is project:
            if not self.projects:
                self.open_project(None)
            else:
                self.current = self.projects[max(0, place - 1)]

    def wrote(self, function: str, target: str, name: str, value: Any, project: Project) -> None:
        """Note a write by a script, and under what protection it happened."""
        project.touched()
        self.writes.append(
            {
                "function": function,
                "target": target,
                "name": name,
                "value": value,
                "project": project.name,
                "in_block": bool(self.history(project).open_blocks),
                "ui_held": self.ui_holds > 0,
            }
        )

    # ---- the user

    def ask(self, kind: str, shown: dict[str, Any]) -> dict[str, Any]:
        """Show a dialog: note it, and take the next scripted answer."""
        record = {"kind": kind, **shown}
        self.dialogs.append(record)
        if self.answers:
            answer = self.answers.popleft()
            wanted = answer.get("kind", kind)
            if wanted != kind:
                raise StandInError(f"{kind} was shown where the scenario expects {wanted}: {shown}")
        elif kind == "ShowMessageBox" and shown["type"] == 0:
            answer = {"answer": "ok"}
        else:
            raise StandInError(f"a dialog that the scenario does not answer: {record}")
        record["answered"] = {k: v for k, v in answer.items() if k != "kind"}
        return answer
