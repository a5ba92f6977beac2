"""An interrupt that waits until a file is completely written."""

from __future__ import annotations

import signal
import threading
from typing import Any


class DeferredInterrupt:
    """Defers an interrupt (Ctrl-C) until the end of a block, so that the block is run completely.

    Only in the main thread, where interrupts arrive. ``raise_pending`` afterwards raises the
    interrupt, if one came.
    """

    def __init__(self) -> None:
        self.pending = False
        self._before: Any = None
        self._main = threading.current_thread() is threading.main_thread()

    def _note(self, *_: object) -> None:
        self.pending = True

    def __enter__(self) -> DeferredInterrupt:
        if self._main:
            self._before = signal.signal(signal.SIGINT, self._note)
        return self

    def __exit__(self, *_: object) -> None:
        if self._main:
            signal.signal(signal.SIGINT, self._before)

    def raise_pending(self) -> None:
        """Raise KeyboardInterrupt where one came."""
        if self.pending:
            raise KeyboardInterrupt
