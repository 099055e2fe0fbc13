"""What a thread has computed reaches a screen that is still there, and no other."""

import asyncio
import threading
from collections.abc import Coroutine
from concurrent.futures import Future
from contextlib import suppress
from functools import partial

import pytest
from textual.app import App, ComposeResult
from textual.containers import Vertical
from textual.screen import ModalScreen, Screen
from textual.widget import Widget
from textual.widgets import Static
from textual.worker import Worker, WorkerCancelled

from medtui.tui.threads import call_for


class _Shown(Screen[None]):
    def __init__(self) -> None:
        super().__init__()
        self.taken: list[str] = []

    def compose(self) -> ComposeResult:
        with Vertical():
            yield Static(id="words")

    def take(self, words: str) -> str:
        self.query_one("#words", Static).update(words)
        self.taken.append(words)
        return words


def _call_from_thread(app: App[None], shown: _Shown, widget: Widget) -> "Worker[str | None]":
    return app.run_worker(partial(call_for, widget, shown.take, "computed"), thread=True)


async def _call_that_waits(app: App[None], shown: _Shown, widget: Widget) -> "Worker[str | None]":
    """Return a worker whose call is on its way, while nothing else runs in the application."""
    loop, is_started = asyncio.get_running_loop(), asyncio.Event()
    may_call, is_posted = threading.Event(), threading.Event()

    def work() -> str | None:
        loop.call_soon_threadsafe(is_started.set)
        assert may_call.wait(60)
        return call_for(widget, shown.take, "computed")

    post = asyncio.run_coroutine_threadsafe

    def noting(
        callback: Coroutine[None, None, str | None], loop: asyncio.AbstractEventLoop
    ) -> Future[str | None]:
        future = post(callback, loop)
        is_posted.set()
        return future

    worker = app.run_worker(work, thread=True)
    await is_started.wait()
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("asyncio.run_coroutine_threadsafe", noting)
        may_call.set()
        assert is_posted.wait(60)
    return worker


async def test_an_open_screen_is_called_also_below_another_one() -> None:
    """What was computed is shown there, too: the screen is seen again later."""
    app = App[None]()
    async with app.run_test():
        shown = _Shown()
        await app.push_screen(shown)
        await app.push_screen(ModalScreen[None]())
        assert await _call_from_thread(app, shown, shown).wait() == "computed"
    assert shown.taken == ["computed"]


@pytest.mark.parametrize("of_widget", [False, True])
async def test_a_screen_that_closes_meanwhile_is_not_called(of_widget: bool) -> None:
    """Its widgets are removed one by one, and what it would show them in may be gone."""
    app = App[None]()
    async with app.run_test():
        shown = _Shown()
        await app.push_screen(shown)
        widget = shown.query_one("#words") if of_widget else shown
        worker = await _call_that_waits(app, shown, widget)
        app.pop_screen()
        assert shown.is_attached, "its widgets are still to be removed when the call comes"
        assert await worker.wait() is None
    assert shown.taken == []


async def test_a_closed_screen_is_not_called() -> None:
    """Nothing is left of it, not even its place in the application."""
    app = App[None]()
    async with app.run_test():
        shown = _Shown()
        await app.push_screen(shown)
        await app.pop_screen()
        assert not shown.query("#words")
        assert await _call_from_thread(app, shown, shown).wait() is None
    assert shown.taken == []


async def test_an_application_that_ends_is_not_called() -> None:
    """Quitting drops what is on its way."""
    app = App[None]()
    async with app.run_test():
        shown = _Shown()
        await app.push_screen(shown)
        worker = await _call_that_waits(app, shown, shown)
        app.exit()
        with suppress(WorkerCancelled):
            assert await worker.wait() is None
    assert shown.taken == []
