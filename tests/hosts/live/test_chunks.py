"""State texts are spliced: what was put in comes out again, and nothing else changes."""

from __future__ import annotations

import pytest
import reaper_parser
from hypothesis import given
from hypothesis import strategies as st

from reaper_drumgain.errors import HostError
from reaper_drumgain.hosts.live import state_chunks
from reaper_drumgain.hosts.rpp import read_project

KEYS = (b"<VOLENV2", b"<VOLENV3")
WORDS = st.text("ABCxyz012 .\"'`|", max_size=12).map(str.strip)
LINES = st.builds("{} {}".format, st.sampled_from(["PT", "ACT", "NAME", "NOTE", "QUJD"]), WORDS)
BLOCKS = st.sampled_from(["ITEM", "FXCHAIN", "VOLENV", "PANENV2", "SOURCE WAVE", "VST x", "EXT"])


@st.composite
def nested(draw, depth=2):
    """The lines of a block, with blocks in it that may hold envelopes of their own."""
    found = draw(st.lists(LINES, max_size=4))
    for _ in range(draw(st.integers(0, 2)) if depth else 0):
        inner = draw(nested(depth=depth - 1))
        found += [f"<{draw(BLOCKS)}", *inner, ">"]
        if depth < 2 and draw(st.booleans()):
            found += ["<VOLENV2", "ACT 0 -1", ">"]
    return found


def chunk_of(lines):
    return "".join(f"{line}\n" for line in ("<TRACK {X}", "MAINSEND 1 0", *lines, ">")).encode()


@given(nested(), st.sampled_from(KEYS), st.booleans(), st.booleans())
def test_a_block_that_is_put_in_can_be_found_switched_and_taken_out(lines, key, active, visible):
    text = chunk_of(lines)
    assert state_chunks.own_block(text, key) is None
    more = state_chunks.with_block(text, key)
    start, end = state_chunks.own_block(more, key)
    block = more[start:end]
    assert block.startswith(key + b"\n")
    assert block.endswith(b">\n")
    assert more[:start] + more[end:] == text == state_chunks.without_block(more, key)
    assert state_chunks.without_block(text, key) == text
    other = state_chunks.switched(block, active=active, visible=visible)
    assert state_chunks.is_on(other) is active
    assert state_chunks.is_on(block)
    assert (b"\nVIS 1 1 1\n" in other) is visible
    assert state_chunks.switched(other, active=True, visible=True) == block
    assert state_chunks.with_block(text, key, other) == more.replace(block, other, 1)


def test_an_envelope_without_its_lines_can_be_switched():
    off = state_chunks.switched(b"<VOLENV2\nPT 0 1 0\n>\n", active=False, visible=False)
    assert off == b"<VOLENV2\nVIS 0 1 1\nACT 0 -1\nPT 0 1 0\n>\n"
    assert not state_chunks.is_on(off)
    assert state_chunks.is_on(b"<VOLENV2\nPT 0 1 0\n>\n")


def test_the_tracks_of_real_projects(shared_data):
    """58 real projects: an envelope goes in and comes out, those that are there are found where
    reaper-parser sees them, and all the rest stays to the byte."""
    tracks = envelopes = 0
    for path in sorted((shared_data / "projects").glob("*.RPP")):
        project = read_project(path)
        try:
            peers = reaper_parser.parse(path).project.tracks
        except reaper_parser.RPPParseError:
            # "@noindex" before the first line, and apostrophes in video code
            continue
        assert len(peers) == len(project.tracks)
        for block, peer in zip(project.tracks, peers, strict=True):
            raw = project.data[block.start : block.close] + b">"
            text = b"".join(line.strip(b" \t\r") + b"\n" for line in raw.split(b"\n") if line)
            tracks += 1
            tags = [f"<{e.node.tag}".encode() for e in peer.envelopes]
            for key in KEYS:
                found = state_chunks.own_block(text, key)
                assert (found is not None) == (key in tags), (path.name, peer.name)
                if found is None:
                    assert (
                        state_chunks.without_block(state_chunks.with_block(text, key), key) == text
                    )
                else:
                    envelopes += 1
                    points = text[slice(*found)].count(b"\nPT ")
                    assert points == len(peer.envelopes[tags.index(key)].points)
    assert tracks > 1300
    assert envelopes >= 4


class Giver:
    """In place of REAPER's functions: one text, of which the buffer takes what it can."""

    def __init__(self, text):
        self.text = text
        self.sizes = []

    def function(self, name, *kinds):
        def give(thing, address, size, undo):
            import ctypes

            self.sizes.append(size)
            data = self.text[: size - 1] + b"\0"
            ctypes.memmove(address, data, len(data))
            return 1

        return give


@pytest.mark.parametrize("length", [10, (1 << 20) - 100, 1 << 20, 1 << 22])
def test_a_text_longer_than_the_buffer_is_asked_for_again(length):
    text = b"<TRACK {X}\n" + b"x" * length + b"\n>\n"
    giver = Giver(text)
    assert state_chunks.Chunks(giver).of_track(1) == text
    assert len(giver.sizes) == (2 if len(text) >= (1 << 20) - 1 else 1)


@pytest.mark.parametrize(
    "text",
    [b"", b"<TRACK {X}\n", b">\n", b"<TRACK {X}\n>\n<TRACK {X}\n>\n", b"<A\n<B\n>\n", b"x\n"],
)
def test_a_text_that_is_not_whole_is_refused(text):
    with pytest.raises(HostError, match="an incomplete track state"):
        state_chunks.Chunks(Giver(text)).of_track(1)
