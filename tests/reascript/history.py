"""The undo history: states with names and flags.

A state is the lists of children of every block; lines are never changed in place, so the
copy is shallow and quick, and the objects that scripts hold pointers to stay the same.
An undo restores, of the state before, the categories that its flags name.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from reascript import StandInError
from reascript.model import Envelope, Item, Project, Track
from reascript.rpp import Line, Node

TRACKCFG, FX, ITEMS, MISCCFG, FREEZE, TRACKENV = 1, 2, 4, 8, 16, 32
ALL = -1
NAMES = {
    TRACKCFG: "tracks",
    FX: "effects",
    ITEMS: "items",
    MISCCFG: "project",
    FREEZE: "freeze",
    TRACKENV: "envelopes",
}

State = dict[int, tuple[Node, Line, tuple[Line | Node, ...]]]


def category(child: Line | Node, parent: Node) -> int:
    """Which undo flag covers a child of the project or of a track."""
    if isinstance(child, Envelope):
        return TRACKENV
    if isinstance(parent, Track):
        if isinstance(child, Item):
            return ITEMS
        if isinstance(child, Node):
            if child.key.startswith("<FXCHAIN"):
                return FX
            return FREEZE if child.key == "<FREEZE" else TRACKCFG
        return TRACKCFG
    if isinstance(child, Track):
        return TRACKCFG
    if child.key.startswith("<MASTERFX"):
        return FX
    return TRACKCFG if child.key.startswith("MASTER") else MISCCFG


def take_state(root: Node) -> State:
    state: State = {}
    todo = [root]
    while todo:
        node = todo.pop()
        state[id(node)] = node.state
        todo.extend(node.blocks)
    return state


def _restore_whole(state: State, node: Node) -> None:
    _, node.head, children = state[id(node)]
    node.children = list(children)
    node.changed()
    if isinstance(node, Envelope):
        node.sorted = True
    for child in children:
        if isinstance(child, Node):
            child.parent = node
            _restore_whole(state, child)


def _merged(old: tuple[Line | Node, ...], node: Node, mask: int) -> list[Line | Node]:
    """The old children of the masked categories among the present ones of the others."""
    present: dict[tuple[str, int], Line | Node] = {}
    seen: dict[str, int] = {}
    for child in node.children:
        seen[child.key] = seen.get(child.key, -1) + 1
        present[child.key, seen[child.key]] = child
    seen.clear()
    merged: list[Line | Node] = []
    for child in old:
        seen[child.key] = seen.get(child.key, -1) + 1
        now = present.pop((child.key, seen[child.key]), None)
        if category(child, node) & mask:
            merged.append(child)
        elif now is not None:
            merged.append(now)
    added = [child for child in present.values() if not category(child, node) & mask]
    return merged + added


def _restore_masked(state: State, node: Node, mask: int) -> None:
    if id(node) not in state:
        return
    _, head, children = state[id(node)]
    if mask & TRACKCFG:
        node.head = head
    node.children = _merged(children, node, mask)
    node.changed()
    for child in node.children:
        if not isinstance(child, Node):
            continue
        child.parent = node
        if isinstance(child, Track):
            _restore_masked(state, child, mask)
        elif category(child, node) & mask and id(child) in state:
            _restore_whole(state, child)


def restore(state: State, project: Project, mask: int) -> None:
    """Put a project back into a state, in the categories of the mask."""
    if mask == ALL:
        _restore_whole(state, project)
    else:
        _restore_masked(state, project, mask)


def differences(state: State, project: Project) -> list[str]:
    """What differs between a state and the present one: track and line keys, in words."""
    now = take_state(project)
    found: list[str] = []
    for key, (node, head, children) in now.items():
        old = state.get(key)
        if old is None:
            found.append(f"{_place(node)} is new")
        elif old[1] is not head or old[2] != children:
            before = set(map(id, old[2])) ^ set(map(id, children))
            keys = {c.key for c in (*old[2], *children) if id(c) in before}
            found.append(f"{_place(node)}: {', '.join(sorted(keys)) or 'order'}")
    found += [f"{_place(node)} is gone" for key, (node, _, _) in state.items() if key not in now]
    return found


def _place(node: Node) -> str:
    names = []
    at: Node | None = node
    while at is not None:
        names.append(f"track {at.name!r}" if isinstance(at, Track) else at.key.lstrip("<"))
        at = at.parent
    return " in ".join(names[:2]) if len(names) > 2 else names[0]


@dataclass(slots=True)
class Point:
    name: str
    flags: int
    state: State


@dataclass(slots=True)
class History:
    """The undo points of one project. ``points[current]`` is the present."""

    project: Project
    points: list[Point] = field(default_factory=list)
    current: int = 0
    open_blocks: list[bool] = field(default_factory=list)

    def start(self) -> None:
        self.points = [Point("", 0, take_state(self.project))]
        self.current = 0

    @property
    def undo_name(self) -> str | None:
        return self.points[self.current].name if self.current else None

    @property
    def redo_name(self) -> str | None:
        more = self.current + 1 < len(self.points)
        return self.points[self.current + 1].name if more else None

    def add(self, name: str, flags: int) -> None:
        """A new undo point for what was changed since the last; what was undone is lost."""
        del self.points[self.current + 1 :]
        self.points.append(Point(name, flags, take_state(self.project)))
        self.current += 1
        self.project.touched()

    def begin(self) -> None:
        self.open_blocks.append(False)

    def end(self, name: str, flags: int) -> bool:
        """Close a block; the outermost one makes the undo point. Whether it did."""
        if not self.open_blocks:
            raise StandInError(f"Undo_EndBlock({name!r}) without Undo_BeginBlock")
        noted = self.open_blocks.pop()
        if self.open_blocks:
            self.open_blocks[-1] = self.open_blocks[-1] or noted or flags != 0
            return False
        if flags == 0 and not noted:
            return False
        self.add(name, ALL if noted or flags == -1 else flags)
        return True

    def note(self, name: str, flags: int) -> None:
        """A change by one of REAPER's own actions: a point, or part of the open block."""
        if self.open_blocks:
            self.open_blocks[-1] = True
        else:
            self.add(name, flags)

    def undo(self) -> bool:
        if not self.current:
            return False
        restore(self.points[self.current - 1].state, self.project, self.points[self.current].flags)
        self.current -= 1
        self.project.touched()
        return True

    def redo(self) -> bool:
        if self.current + 1 >= len(self.points):
            return False
        self.current += 1
        point = self.points[self.current]
        restore(point.state, self.project, point.flags)
        self.project.touched()
        return True
