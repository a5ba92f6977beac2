"""A script for the stand-in: a snapshot of every open project, and how long its steps took."""

import json
import os
import time
from pathlib import Path

from reaper_drumgain.hosts.live import reaper, snapshot

found = []
for place in range(1000):
    pointer, _, path, _ = reaper.RPR.EnumProjects(place, "", 4096)
    if not reaper.address(pointer):
        break
    steps = snapshot.take_snapshot(reaper.Project(pointer, path))
    longest, count = 0.0, 0
    while True:
        started = time.perf_counter()
        try:
            next(steps)
        except StopIteration as end:
            session = end.value.session
            break
        longest, count = max(longest, time.perf_counter() - started), count + 1
    found.append({"path": path, "session": json.loads(session.to_json()), "steps": count})
Path(os.environ["DRUMGAIN_TEST_OUT"]).write_text(json.dumps(found), "utf-8")
