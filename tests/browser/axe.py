"""axe-core in a page: what of WCAG 2.2 AA a machine can see is looked at; its answers come as sentences."""

import json
from typing import Final

from playwright.async_api import Page

from tests.browser.words import PAGES

SOURCE: Final = PAGES / "node_modules/axe-core/axe.min.js"
LEVELS: Final = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
OF_COLOURS: Final = ["color-contrast", "link-in-text-block"]
LOOK: Final = """
axe.run(document, {runOnly: %s, resultTypes: ["violations"]}).then(({violations}) => JSON.stringify(
  violations.flatMap(({id, nodes}) => nodes.map((node) => `${id}: ${node.target}: ${node.failureSummary}`))
))"""


async def violations(page: Page, *, of_colours: bool = False) -> list[str]:
    """Asked by the debugger's protocol, for the pages' own policy lets no foreign script in."""
    assert SOURCE.exists(), "axe-core comes with `make types`"
    session = await page.context.new_cdp_session(page)
    known = await session.send("Runtime.evaluate", {"expression": "typeof axe"})
    if known["result"]["value"] == "undefined":
        await session.send("Runtime.evaluate", {"expression": SOURCE.read_text("utf-8")})
    asked = {"expression": LOOK % json.dumps(OF_COLOURS if of_colours else LEVELS), "awaitPromise": True, "returnByValue": True}
    answer = await session.send("Runtime.evaluate", asked)
    await session.detach()
    found: list[str] = json.loads(answer["result"]["value"])
    return found
