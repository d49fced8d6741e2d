"""The console in German: what the relay refuses in English is told in German, with what was put in."""

import pytest

from tests.browser.house import House

TOLD = {
    "This case is decided already.": "Über diesen Fall ist schon entschieden.",
    "Eva (Mon.) is answering in this thread.": "Eva (Mon.) antwortet gerade in diesem Gespräch.",
    "has 4097 characters, at most 4096 are allowed": "hat 4097 Zeichen, höchstens 4096 sind erlaubt",
    "What nobody foresaw {}.": "What nobody foresaw {}.",
}
ASK = "async texts => { const { translated } = await import('/assets/console/words.js'); return texts.map(translated); }"


@pytest.mark.parametrize(("language", "told"), [("de", list(TOLD.values())), ("en", list(TOLD))])
async def test_a_refusal_is_told_in_the_language_of_the_page(house: House, language: str, told: list[str]) -> None:
    slug = (await house.community())["slug"]
    desk = await house.desk("agent", language=language)
    await desk.open(slug, "inbox", "open")
    await desk.sees(desk.heading("inbox").first)

    assert await desk.page.evaluate(ASK, list(TOLD)) == told
