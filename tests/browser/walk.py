"""Every state of every page under one name, and the way to it: what the tests and the screenshots go through."""

from typing import Final

from tests.browser.desk import Desk
from tests.browser.member_states import MEMBER
from tests.browser.scene import Scene
from tests.browser.states import CONSOLE
from tests.browser.window import Window

STATES: Final = (*(f"console-{name}" for name in CONSOLE), *(f"member-{name}" for name in MEMBER))
WIDTHS: Final = (1280, 360)


async def reach(scene: Scene, name: str) -> Window:
    """A new window that shows this state."""
    area, _, state = name.partition("-")
    if area == "console":
        place = CONSOLE[state]
        signed_in = None if place.is_visitor else scene.state
        desk = await scene.house.window(Desk, "console", scene.language, storage_state=signed_in)
        await place.reach(desk, scene)
        return desk
    shown = MEMBER[state]
    slug = scene.quiet if shown.who == "new" else scene.slug
    reader = await scene.house.reader(slug, scene.members[shown.who] if shown.who else None, scene.language)
    await shown.reach(reader, scene)
    return reader
