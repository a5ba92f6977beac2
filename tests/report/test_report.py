"""The report: its numbers are the plan's, and no name of a track does anything in it."""

from __future__ import annotations

import csv
import html.parser
import http.server
import io
import json
import queue
import re
import shutil
import subprocess
import threading
from collections.abc import Sequence
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np
import pyloudnorm
import pytest
import soundfile as sf
from batch_support import make_media, make_project
from hypothesis import given, settings
from hypothesis import strategies as st
from support import clip, hits, session, write

from reaper_drumgain.balance.pipeline import balance
from reaper_drumgain.balance.project_analyzer import ProjectAnalyzer
from reaper_drumgain.cli import main
from reaper_drumgain.report.build import report_files, report_name
from reaper_drumgain.report.tables import track_table
from reaper_drumgain.schema import json_codec
from reaper_drumgain.schema.plan import GainPlan
from reaper_drumgain.schema.session import Marker, Session, Track
from reaper_drumgain.schema.settings import Automation, Level, Settings

HOSTILE = (
    "</script><script>window.pwned = 1; document.title = 'pwned'</script>",
    "<img src=x onerror=\"window.pwned = 1; document.title='pwned'\">",
    '"><svg onload="window.pwned = 1">',
    "{{ 7 * 7 }}{% for x in y %}",
    "$\\frac{1}{0}$ $x_y",
    '=HYPERLINK("http://evil.example","x") & \']]> <!-- -->',
    "kick\x00\x1b[2J\u202e\ud800\u2028\ufffe end",
)
SECONDS = 2.0


def named(folder: Path, names: Sequence[str]) -> Session:
    tracks = []
    for index, name in enumerate(names):
        audio = hits(SECONDS, every=0.3, frequency=90 * (index + 1), level=0.3, seed=index)
        path = write(folder / f"{index}.wav", audio)
        tracks.append(Track(index=index, name=name, clips=(clip(path, SECONDS),)))
    return session(*tracks)


def reported(built: Session, wish: Settings, **options: Any) -> tuple[GainPlan, dict[str, bytes]]:
    analyzer = ProjectAnalyzer()
    plan = balance(built, wish, analyzer=analyzer)
    return plan, report_files("song", plan, analyzer.last, **options)


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> tuple[GainPlan, dict[str, bytes]]:
    names = [*HOSTILE, "Snare", "OH"]
    roles = tuple((f"#{n + 1}", "tom") for n in range(len(HOSTILE)))
    built = named(tmp_path_factory.mktemp("hostile"), names)
    return reported(built, Settings(roles=roles, locks=("#1",)), sound=True)


class Page(html.parser.HTMLParser):
    """What is in a page: elements, texts, and the addresses it names."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[str] = []
        self.handlers: list[str] = []
        self.addresses: list[str] = []
        self.scripts: list[str] = []
        self.text = ""
        self._in_script = False
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self._in_script = tag == "script"
        if self._in_script:
            self.scripts.append("")
        for name, value in attrs:
            if name.startswith("on"):
                self.handlers.append(name)
            if name in ("src", "href", "xlink:href", "action", "data"):
                self.addresses.append(value or "")

    def handle_endtag(self, tag: str) -> None:
        self._in_script = False

    def handle_data(self, data: str) -> None:
        if self._in_script:
            self.scripts[-1] += data
        else:
            self.text += data


def test_hostile_names_are_only_text(hostile: tuple[GainPlan, dict[str, bytes]]) -> None:
    plan, files = hostile
    text = files["song.html"].decode("utf-8")
    page = Page(text)
    assert page.handlers == []
    assert "img" not in page.tags
    assert len(page.scripts) == 2, "the plan, and our own"
    for name in HOSTILE[:6]:
        assert name in page.text
    assert "49" not in Page(text.replace("7 * 7", "")).text.split("{{")[1][:20]
    # the plan in the page is the plan, to the letter
    held = json.loads(page.scripts[0])
    assert [track["name"] for track in held["tracks"]] == [track.name for track in plan.tracks]
    assert json_codec.encode(plan)["tracks"] == held["tracks"]


def test_the_page_asks_nobody_for_anything(hostile: tuple[GainPlan, dict[str, bytes]]) -> None:
    _, files = hostile
    page = Page(files["song.html"].decode())
    outside = [a for a in page.addresses if not a.startswith("#")]
    assert outside == ["song-before.ogg", "song-after.ogg"]
    assert "default-src 'none'" in files["song.html"].decode().replace("&#39;", "'")
    assert not re.search(rb"url\((?!#)", files["song.html"])
    assert set(files) == {"song.html", "song.csv", "song.json", "song-before.ogg", "song-after.ogg"}


def test_the_json_beside_is_the_plan(hostile: tuple[GainPlan, dict[str, bytes]]) -> None:
    plan, files = hostile
    again = GainPlan.from_json(files["song.json"].decode("utf-8").encode())
    assert [track.new_db for track in again.tracks] == [track.new_db for track in plan.tracks]


FORMULAS = ("=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", " =1", "＝1", "\n=1", "\ufeff=1")


def table(data: bytes) -> list[list[str]]:
    assert data.startswith(b"\xef\xbb\xbf")
    return list(csv.reader(io.StringIO(data.decode("utf-8-sig"), newline="")))


@pytest.mark.parametrize("name", [*FORMULAS, "a;=1+1", 'a",=1', "a\n=1"])
def test_no_name_is_a_formula_in_a_spreadsheet(tmp_path: Path, name: str) -> None:
    built = named(tmp_path, [name, "Snare"])
    plan, files = reported(built, Settings(roles=(("#1", "kick"),)))
    header, first, second = table(files["song.csv"])
    cell = first[header.index("track")]
    assert cell.lstrip(" \ufeff")[:1] not in tuple("=+-@\t\r\n＝")
    assert cell.removeprefix("'") == name
    # numbers stay numbers, the negative ones, too
    move = float(first[header.index("move_db")])
    old, new = plan.tracks[0].old_db, plan.tracks[0].new_db
    assert old is not None
    assert new is not None
    assert move == pytest.approx(new - old, abs=1e-3)
    assert second[header.index("track")] == "Snare"
    # and as raw text every text cell begins with a quote, whatever the separator is taken for
    raw = files["song.csv"].decode("utf-8-sig")
    assert '"' + cell.replace('"', '""') + '"' in raw


@given(st.text(max_size=20))
@settings(deadline=None)
def test_any_text_is_read_back_or_marked(name: str) -> None:
    from reaper_drumgain.report.tables import summary_table

    (cell,) = table(summary_table(("x",), [(name,)]))[1] or [""]
    wanted = name.replace("\0", "\ufffd").encode("utf-8", "backslashreplace").decode()
    assert cell in (wanted, f"'{wanted}")
    assert not cell.lstrip(" \u00a0\ufeff").startswith(("=", "+", "-", "@", "\t", "\r", "\n"))


def test_levels_are_those_of_the_plan_among_the_drums(tmp_path: Path) -> None:
    built = named(tmp_path, ["Kick", "Snare", "OH"])
    plan, files = reported(built, Settings(level=Level("lufs", -20.0)))
    header, *rows = table(files["song.csv"])
    for track, row in zip(plan.tracks, rows, strict=True):
        held = dict(zip(header, row, strict=True))
        assert track.loudness_lufs is not None
        assert track.path_db is not None
        assert track.new_db is not None
        assert plan.levels.after_lufs is not None
        level = track.loudness_lufs + track.path_db + track.new_db - plan.levels.after_lufs
        assert float(held["level_after_lu"]) == pytest.approx(level, abs=1e-3)
        assert float(held["human_low_lu"]) < float(held["human_high_lu"])
        assert held["reason"] == track.reason


def test_the_columns_of_the_table_stay_as_programs_know_them() -> None:
    (header,) = table(track_table([]))
    assert header == [
        *("number", "track", "role", "side", "ordinal", "old_db", "new_db", "bundled_db"),
        "move_db",
        *("interval_low_db", "interval_high_db", "level_before_lu", "level_after_lu"),
        *("human_low_lu", "human_high_lu", "loudness_lufs", "path_db", "flags", "reason"),
        "trim_db",
    ]


def test_a_column_that_is_added_is_in_the_table_and_on_the_page(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from reaper_drumgain.report import columns, page, tables

    added = columns.Column(
        heading="Crest",
        label="crest factor",
        text=lambda track: f"{track.plan.index + 10} dB",
        fields={"crest_db": lambda track: track.plan.index + 10},
    )
    monkeypatch.setattr(tables, "COLUMNS", (*columns.COLUMNS, added))
    monkeypatch.setattr(page, "PAGE_COLUMNS", (*columns.PAGE_COLUMNS, added))
    _, files = reported(named(tmp_path, ["Kick", "Snare"]), Settings())
    header, *rows = table(files["song.csv"])
    assert [row[header.index("crest_db")] for row in rows] == ["10", "11"]
    text = files["song.html"].decode()
    assert ">Crest</th>" in text
    assert 'data-label="crest factor">11 dB</td>' in text


def test_before_and_after_are_equally_loud_whatever_the_level(tmp_path: Path) -> None:
    built = named(tmp_path, ["Kick", "Snare", "OH"])
    plan, files = reported(built, Settings(level=Level("lufs", -31.0)), sound=True)
    assert plan.levels.before_lufs is not None
    assert plan.levels.before_lufs > -28.0
    meters = []
    for side in ("before", "after"):
        audio, rate = sf.read(io.BytesIO(files[f"song-{side}.ogg"]))
        assert np.abs(audio).max() < 1.0
        meters.append(pyloudnorm.Meter(rate, filter_class="DeMan").integrated_loudness(audio))
    assert meters[1] == pytest.approx(meters[0], abs=0.2)


def test_gains_over_time_are_told_with_their_settings(tmp_path: Path) -> None:
    tracks = []
    for index, name in enumerate(("Kick", "Snare", "OH")):
        every = 0.3 + 0.07 * index
        audio = hits(16.0, every=every, frequency=90 * (index + 1), level=0.3, seed=index)
        audio[audio.size // 2 :] *= (0.2, 1.0, 1.0)[index]
        tracks.append(
            Track(
                index=index, name=name, clips=(clip(write(tmp_path / f"{name}.wav", audio), 16.0),)
            )
        )
    regions = Marker(0.0, HOSTILE[1], 1, end=8.0), Marker(8.0, HOSTILE[0], 2, end=16.0)
    built = session(*tracks, regions=regions)
    wish = Settings(write="automation", automation=Automation("regions", existing="trim"))
    plan, files = reported(built, wish)
    page = Page(files["song.html"].decode())
    assert page.handlers == []
    first, second = plan.tracks[0].automation.sections
    told = f"{first.name} {first.fader_db:.2f} dB, {second.name} {second.fader_db:.2f} dB"
    assert f"over time: {told}" in page.text
    for name, value in {
        "Sections": "regions",
        "Envelopes that were there": "trim",
        "Rides up to": "3 dB",
    }.items():
        assert f"<dt>{name}</dt><dd>{value}</dd>" in files["song.html"].decode()

    plan, files = reported(built, Settings(method="cross-adaptive", write="automation"))
    (track, *_) = plan.automated
    page = Page(files["song.html"].decode())
    assert f"over time: follows the song, {len(track.automation.points)} points" in page.text
    _, files = reported(built, Settings())
    assert "over time" not in (text := Page(files["song.html"].decode()).text)
    assert "Envelope" not in text


def test_tracks_without_sound_have_a_place_in_the_page_too(tmp_path: Path) -> None:
    built = named(tmp_path, ["Kick", "Snare"])
    silent = write(tmp_path / "silent.wav", np.zeros(1000))
    tracks = (
        *built.tracks,
        Track(index=2, name="OH", clips=(clip(silent, 0.02),)),
        Track(index=3, name="Tom", muted=True, clips=built.tracks[0].clips),
    )
    plan, files = reported(session(*tracks), Settings())
    page = Page(files["song.html"].decode())
    assert [track.name for track in plan.tracks] == ["Kick", "Snare", "OH", "Tom"]
    assert "muted: not moved" in page.text
    header, *rows = table(files["song.csv"])
    assert rows[2][header.index("level_before_lu")] == ""


def test_the_engineers_are_the_plan_s_intervals_everywhere(tmp_path: Path) -> None:
    built = named(tmp_path, ["Kick", "Snare", "OH"])
    plan, files = reported(built, Settings(level=Level("lufs", -20.0)))
    header, *rows = table(files["song.csv"])
    for track, row in zip(plan.tracks, rows, strict=True):
        held = dict(zip(header, row, strict=True))
        assert track.interval_db is not None
        # how far its level lies from both ends is how far its fader does
        for side, bound in zip(("low", "high"), track.interval_db, strict=True):
            away = float(held["level_after_lu"]) - float(held[f"human_{side}_lu"])
            assert away == pytest.approx(track.new_db - bound, abs=2e-3)
    plain = reported(built, Settings(method="equal-loudness"))[1]
    header, *rows = table(plain["song.csv"])
    assert {row[header.index("human_low_lu")] for row in rows} == {""}
    page = plain["song.html"].decode()
    assert "Engineers" not in page
    assert "engineers' range" not in page


@pytest.mark.parametrize(
    "path", ["/a/song.RPP", "/a/../b/CON.RPP", "/a/ö ü/.RPP", "/x/" + "y" * 300]
)
def test_names_of_reports_are_safe_and_differ(path: str) -> None:
    name = report_name(path)
    assert re.fullmatch(r"[A-Za-z0-9_-]{1,70}", name)
    assert name != report_name(path + "x")
    assert name == report_name(path)


# --- the command


def test_balance_writes_a_report(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    demo = resources.files("reaper_drumgain") / "demo" / "session"
    shutil.copytree(str(demo), tmp_path / "demo")
    project = tmp_path / "demo" / "DrumGain demo.RPP"
    out = tmp_path / "out" / "report"
    assert main(["balance", str(project), "--dry-run", "--report", str(out), "--bounce"]) == 0
    printed = capsys.readouterr().out
    (page,) = out.glob("*.html")
    assert f"report: {page}" in printed
    text = page.read_text()
    assert "the engineers&#39; range, as in the column" in text
    assert "Engineers dB: on about 80 % of tracks the median fader of many engineers" in text
    assert "raised" in text
    assert {path.suffix for path in out.iterdir()} == {".html", ".csv", ".json", ".ogg"}
    assert len(page.read_bytes()) < 800_000
    # again, in its place
    assert main(["balance", str(project), "--dry-run", "--report", str(out)]) == 0
    assert list(out.glob("*.html")) == [page]


def test_a_report_that_cannot_be_written_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    make_media(tmp_path / "media")
    make_project(tmp_path / "song.RPP", tmp_path / "media")
    (tmp_path / "file").write_text("")
    song = str(tmp_path / "song.RPP")
    assert main(["balance", song, "--dry-run", "--report", str(tmp_path / "file")]) == 2
    assert "is a file: expected a folder" in capsys.readouterr().err
    assert main(["balance", song, "--dry-run", "--report", str(tmp_path / "file" / "x")]) == 2
    assert "is a file: expected a folder" in capsys.readouterr().err
    assert main(["balance", song, "--dry-run", "--bounce"]) == 2
    assert "name the folder of the report with --report DIR" in capsys.readouterr().err


def test_a_batch_has_an_index_that_leads_to_its_reports(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    make_media(tmp_path / "media")
    evil = "=cmd <b onmouseover='x'>"
    for name in ("one", evil):
        make_project(tmp_path / "songs" / f"{name}.RPP", tmp_path / "media")
    (tmp_path / "songs" / "broken.RPP").write_text("<REAPER_PROJECT")
    out = tmp_path / "report"
    command = ["batch", str(tmp_path / "songs"), "--report", str(out)]
    assert main([*command, "--jobs", "1", "--in-place"]) == 4
    page = Page((out / "index.html").read_text())
    assert page.handlers == []
    assert len(page.addresses) == 2
    assert all((out / address).is_file() for address in page.addresses)
    assert f"{evil}.RPP" in page.text
    assert "FAILED" in page.text
    rows = table((out / "summary.csv").read_bytes())
    assert len(rows) == 4
    assert all(row[0][:1] in "/'" for row in rows[1:])
    held = json.loads((out / "summary.json").read_text())
    assert [one["status"] for one in held] == ["written", "failed", "written"]
    assert sorted(one["report"] for one in held if one["report"]) == sorted(page.addresses)
    # a report that cannot be kept keeps its project from being written
    capsys.readouterr()
    before = (tmp_path / "songs" / "one.RPP").read_bytes()
    for path in out.glob("one-*.html"):
        path.unlink()
        path.mkdir()
    assert main([*command, "--jobs", "1", "--in-place", "--no-resume"]) == 4
    assert "the report cannot be written there" in capsys.readouterr().out
    assert (tmp_path / "songs" / "one.RPP").read_bytes() == before


# --- in a browser

BROWSER = shutil.which("chromium") or shutil.which("google-chrome")
needs_browser = pytest.mark.skipif(
    BROWSER is None, reason="needs the program chromium, which shows the page"
)
#: looks into the page from outside, at a phone's width and at a desk's, and says what it found
LOOKING = """<!doctype html><meta charset="utf-8"><body><script>
const found = {};
async function look(width) {
  const frame = document.createElement("iframe");
  frame.style = `width: ${width}px; height: 800px; border: 0`;
  frame.src = "song.html";
  document.body.append(frame);
  await new Promise((done) => { frame.onload = done; });
  const page = frame.contentDocument, own = frame.contentWindow;
  const heard = (audio) => new Promise((done) => {
    audio.onloadedmetadata = () => done(audio.duration);
    audio.onerror = () => done("error");
    audio.preload = "auto";
    audio.load();
  });
  const audios = [...page.querySelectorAll("audio")];
  const durations = [];
  for (const audio of audios) durations.push(await heard(audio));
  const button = page.getElementById("switch");
  button.click();
  const texts = [...page.querySelectorAll("svg text")].filter((text) => text.checkVisibility());
  const sizes = texts.map((text) => text.getBoundingClientRect().height);
  found[width] = {
    title: page.title,
    pwned: "pwned" in own,
    overflow: page.documentElement.scrollWidth - page.documentElement.clientWidth,
    tables: [...page.querySelectorAll("table")].map((t) => t.scrollWidth - t.clientWidth),
    durations,
    switched: button.textContent,
    drawings: [...page.querySelectorAll("svg")].filter((svg) => svg.checkVisibility()).length,
    smallest: Math.min(...sizes),
    ink: getComputedStyle(texts[0]).fill,
  };
}
(async () => {
  try {
    await look(390);
    await look(1100);
  } catch (error) {
    found.error = String(error);
  }
  await fetch("TELL", { method: "POST", mode: "no-cors", body: JSON.stringify(found) });
})();
</script>"""


def browser(folder: Path, page: str, *options: str) -> list[str]:
    """The command that opens a page from disk."""
    assert BROWSER is not None
    quiet = ("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run")
    still = ("--disable-background-networking", "--disable-component-update", "--disable-sync")
    own = f"--user-data-dir={folder / 'browser'}"
    return [BROWSER, *quiet, *still, own, *options, (folder / page).as_uri()]


class Ear(http.server.BaseHTTPRequestHandler):
    """Hears what the page that looks has found."""

    found: queue.Queue[bytes] = queue.Queue()

    def do_POST(self) -> None:
        self.found.put(self.rfile.read(int(self.headers["Content-Length"])))
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


def looked_at(folder: Path) -> Any:
    """What the page LOOKING finds."""
    with http.server.HTTPServer(("127.0.0.1", 0), Ear) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        tell = f"http://127.0.0.1:{server.server_port}/"
        (folder / "looking.html").write_text(LOOKING.replace("TELL", tell))
        # only with these may one page look into another one that lies on the disk
        options = ("--disable-web-security", "--allow-file-access-from-files")
        command = browser(folder, "looking.html", *options)
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            return json.loads(Ear.found.get(timeout=60))
        finally:
            process.terminate()
            process.wait()
            server.shutdown()


@pytest.fixture
def shown(tmp_path: Path, hostile: tuple[GainPlan, dict[str, bytes]]) -> Path:
    for name, data in hostile[1].items():
        (tmp_path / name).write_bytes(data)
    return tmp_path


@needs_browser
def test_a_browser_shows_the_page_and_runs_nothing_of_the_names(shown: Path) -> None:
    found = looked_at(shown)
    assert "error" not in found, found
    for width in ("390", "1100"):
        seen = found[width]
        assert seen["title"] == "test.RPP"
        assert not seen["pwned"]
        assert seen["overflow"] == 0, "the page is wider than the screen"
        assert max(seen["tables"]) <= 0
        assert seen["durations"] == pytest.approx([SECONDS, SECONDS], abs=0.1)
        assert seen["switched"] == "Hear it before"
        assert seen["drawings"] == 2
        assert seen["smallest"] > 9.0, "letters in the drawings are too small to read"


@needs_browser
@pytest.mark.parametrize(("width", "mode"), [(500, "light"), (1200, "light"), (1200, "dark")])
def test_the_page_looks_like_something(shown: Path, width: int, mode: str) -> None:
    import matplotlib.image

    options = [f"--window-size={width},2400", f"--screenshot={shown / 'shot.png'}"]
    options += ["--hide-scrollbars", "--virtual-time-budget=2000"]
    if mode == "dark":
        options.append("--blink-settings=preferredColorScheme=0")
    command = browser(shown, "song.html", *options)
    subprocess.run(command, capture_output=True, check=True, timeout=120)
    picture = np.round(255 * matplotlib.image.imread(shown / "shot.png")[..., :3]).astype(int)
    assert picture.shape[:2] == (2400, width)
    paper, accent, band = {
        "light": ((0xFB, 0xFA, 0xF8), (0xC2, 0x41, 0x0C), (0xCF, 0xE3, 0xD6)),
        "dark": ((0x15, 0x18, 0x1C), (0xF5, 0x9E, 0x5B), (0x27, 0x43, 0x2F)),
    }[mode]
    # the margins are free, moves and levels are drawn in their colours, on the human ranges
    assert (picture[:, -8:] == paper).all()
    assert (picture == accent).all(axis=-1).sum() > 200
    assert (picture == band).all(axis=-1).sum() > 2000
