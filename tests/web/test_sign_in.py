"""Signing in: by a link once, by a passphrase after that; one answer to all that is wrong."""

from dataclasses import replace
from datetime import timedelta

import pytest
from structlog.testing import capture_logs

from relay.core.errors import SignedOut
from relay.core.export import ExportKind
from relay.core.staff import Role
from relay.hasher import Cost, Hasher
from tests.web.browser import secret_of
from tests.web.conftest import FIREFOX, PASSPHRASE, Caller, Open, Relay, Said, cookie_of, cookies, is_problem

OTHER = "and a quite different sentence"


async def enter(relay: Relay, name: str, passphrase: str = PASSPHRASE, **headers: str) -> Said:
    return await relay.page("POST", "/v1/sign-in", {"name": name, "passphrase": passphrase}, **headers)


async def use(relay: Relay, link: str, passphrase: str = PASSPHRASE, **more: str) -> Said:
    return await relay.page("POST", "/v1/sign-in:link", {"link": secret_of(link), "passphrase": passphrase, **more})


# ---------------------------------------------------------------------------------------------------------------- links


async def test_the_first_visit_names_the_owner_and_signs_them_in(relay: Relay) -> None:
    link = await relay.owner_link()
    assert link.startswith(f"{relay.url}/console#link=")

    looked = await relay.page("POST", "/v1/sign-in:look", {"link": secret_of(link)})
    said = await use(relay, link, name="Eva Muster")
    session = await relay.browser(cookie_of(said))("GET", "/v1/session")

    owner = {"id": looked.body["staff"]["id"], "name": "Owner", "role": "owner"}
    assert looked.body == {"staff": owner, "has_passphrase": False}
    assert said.body == session.body
    assert session.body["staff"] == {**owner, "name": "Eva Muster"}
    assert (session.body["communities"], said.status) == (0, 200)


async def test_a_link_works_once(relay: Relay) -> None:
    link = (await relay.hired())["link"]

    first = await use(relay, link)
    again = await use(relay, link, OTHER)
    looked = await relay.page("POST", "/v1/sign-in:look", {"link": secret_of(link)})

    assert first.status == 200
    assert is_problem(again, 404)
    assert (again.raw, cookie_of(again)) == (looked.raw, "")


async def test_a_link_ends_after_a_day_with_a_newer_one_and_with_its_person(relay: Relay) -> None:
    late, older, gone = [await relay.hired() for _ in range(3)]
    newer = (await relay.owner("POST", f"/v1/staff/{older['id']}/links", {})).body
    await relay.owner("DELETE", f"/v1/staff/{gone['id']}")

    dead = [(await use(relay, one["link"])).status for one in (older, gone)]
    lives = (await use(relay, newer["link"])).status
    relay.clock.pass_(timedelta(hours=24).total_seconds())
    dead.append((await use(relay, late["link"])).status)

    assert (dead, lives) == ([404, 404, 404], 200)


async def test_a_link_opens_nothing_but_the_way_in(relay: Relay) -> None:
    secret = secret_of((await relay.hired(Role.OWNER))["link"])

    by_header = [await relay.caller(secret)("GET", path) for path in ("/v1/staff", "/v1/me")]
    by_cookie = await relay.browser(secret)("GET", "/v1/staff")

    assert [one.status for one in (*by_header, by_cookie)] == [401, 401, 401]


@pytest.mark.parametrize(
    ("passphrase", "why"),
    [
        ("short", "at least 12"),
        ("Passwort1234!", "easy to guess"),
        ("aaaaaaaaaaaaaaaa", "easy to guess"),
        ("Zebra Quagga 19", "easy to guess"),
    ],
)
async def test_a_weak_passphrase_is_refused_with_a_reason_and_the_link_lives(relay: Relay, passphrase: str, why: str) -> None:
    link = (await relay.hired(name="Zebra Quagga"))["link"]

    weak = await use(relay, link, passphrase)
    strong = await use(relay, link)

    assert is_problem(weak, 422)
    assert weak.body["errors"][0]["loc"] == ["body", "passphrase"]
    assert why in weak.body["errors"][0]["msg"]
    assert strong.status == 200


async def test_a_name_is_there_once_whatever_its_case_and_width(relay: Relay) -> None:
    link = (await relay.hired(name="Straße"))["link"]

    hired = await relay.owner("POST", "/v1/staff", {"name": "ＳＴＲＡＳＳＥ", "role": "agent"})
    used = await use(relay, await relay.owner_link(), name=" strasse ")
    kept = await use(relay, link, name="STRASSE")

    for taken in (hired, used):
        assert is_problem(taken, 409)
        assert taken.body["errors"][0]["loc"] == ["body", "name"]
    assert kept.body["staff"]["name"] == "STRASSE", "one's own name is free"


async def test_a_name_of_who_left_is_free(relay: Relay) -> None:
    gone = await relay.hired(name="Eva")
    await relay.owner("DELETE", f"/v1/staff/{gone['id']}")

    assert (await relay.hired(name="Eva"))["id"] != gone["id"]


# --------------------------------------------------------------------------------------------------------- by passphrase


async def test_a_name_and_its_passphrase_open_the_door_however_they_are_typed(relay: Relay) -> None:
    composed, decomposed = "für Möwen und Störche", "fu\u0308r Mo\u0308wen und Sto\u0308rche"
    await relay.arrived((await relay.hired(name="Jörg Groß"))["link"], composed)

    said = await enter(relay, "  jörg   GROSS ", decomposed)

    assert said.status == 200
    assert said.body["staff"]["name"] == "Jörg Groß"
    assert (await relay.browser(cookie_of(said))("GET", "/v1/communities")).status == 200


async def test_whatever_is_wrong_the_answer_and_the_work_are_the_same(relay: Relay) -> None:
    await relay.arrived((await relay.hired(name="Eva"))["link"])
    await relay.hired(name="Has none")
    gone = await relay.hired(name="Gone")
    await relay.arrived(gone["link"])
    await relay.owner("DELETE", f"/v1/staff/{gone['id']}")

    answers, work = [], []
    for name, passphrase in (("Eva", OTHER), ("Nobody", PASSPHRASE), ("Has none", PASSPHRASE), ("Gone", PASSPHRASE)):
        before = relay.hasher.count
        answers.append(await enter(relay, name, passphrase))
        work.append(relay.hasher.count - before)

    assert is_problem(answers[0], 401)
    assert len({one.raw for one in answers}) == 1
    assert work == [1, 1, 1, 1]


async def test_a_hash_of_before_is_made_anew_when_its_owner_signs_in(relay: Relay) -> None:
    eva = await relay.hired(name="Eva")
    await relay.arrived(eva["link"])
    before = await relay.parts.store.passphrase(eva["id"])
    dearer = Hasher(Cost(passes=2, kib=16))
    sign_in = replace(relay.parts.sign_in, hash=dearer.hash, verify=dearer.verify)

    with pytest.raises(SignedOut):
        await sign_in.enter("Eva", OTHER, "Firefox on Linux")
    unchanged = await relay.parts.store.passphrase(eva["id"])
    await sign_in.enter("Eva", PASSPHRASE, "Firefox on Linux")
    after = await relay.parts.store.passphrase(eva["id"])
    dearer.close()

    assert unchanged == before
    assert after is not None
    assert "m=16,t=2" in after
    assert (await enter(relay, "Eva")).status == 200


async def test_guesses_are_counted_for_the_name_wherever_they_come_from(open_relay: Open) -> None:
    relay: Relay = await open_relay(proxies=("127.0.0.1",), limits={"strangers": {"burst": 3, "per_second": 0.1}})
    await relay.arrived((await relay.hired(name="Eva"))["link"])

    async def guess(name: str, number: int) -> int:
        said = await enter(relay, name, OTHER, **relay.proxied(f"192.0.2.{number}"))
        return said.status

    known = [await guess("Eva", number) for number in range(5)]
    unknown = [await guess("Nobody", number) for number in range(5)]
    right = await enter(relay, "EVA", **relay.proxied("192.0.2.99"))
    relay.clock.pass_(10)
    later = await enter(relay, "Eva", **relay.proxied("192.0.2.99"))

    assert known == unknown == [401, 401, 401, 429, 429]
    assert is_limited(right)
    assert later.status == 200


async def test_who_guesses_elsewhere_keeps_nobody_out(open_relay: Open) -> None:
    """Neither of a browser that knows them, nor of a new one while the guesses come from a few addresses."""
    relay: Relay = await open_relay(proxies=("127.0.0.1",))
    await relay.arrived((await relay.hired(name="Eva"))["link"])
    there, here, new = (relay.proxied(f"192.0.2.{number}") for number in range(3))
    kept = known_by(await enter(relay, "Eva", **here))

    guesses = [(await enter(relay, "Eva", OTHER, **there)).status for _ in range(25)]
    at_hers = [(await enter(relay, "Eva", OTHER, **here)).status for _ in range(25)]

    assert guesses == at_hers == [401] * 20 + [429] * 5
    assert (await enter(relay, "Eva", **new)).status == 200
    assert is_limited(await enter(relay, "Eva", **here))
    assert (await enter(relay, " EVA", Cookie=kept, **here)).status == 200


async def test_a_browser_that_knows_somebody_has_its_own_count_whatever_goes_on_elsewhere(open_relay: Open) -> None:
    one = {"burst": 1, "per_second": 0.001}
    relay: Relay = await open_relay(limits={"strangers": one, "failed": one, "guesses": {"burst": 3, "per_second": 0.1}})
    await relay.arrived((await relay.hired(name="Eva"))["link"])
    await relay.arrived((await relay.hired(name="Ben"))["link"])
    eva = known_by(await enter(relay, "Eva"))
    both = known_by(await enter(relay, "Ben", Cookie=eva))
    await enter(relay, "Eva", OTHER)

    strangers = [await enter(relay, name, Cookie=eva) for name in ("Ben", "Nobody")]
    right = [(await enter(relay, name, Cookie=both)).status for name in ("Eva", "Ben")]
    wrong = [(await enter(relay, "Eva", OTHER, Cookie=both)).status for _ in range(4)]

    assert all(is_limited(one) for one in strangers), "what is kept stands for one name"
    assert right == [200, 200]
    assert wrong == [401, 401, 401, 429]
    assert (await enter(relay, "Ben", Cookie=both)).status == 200


async def test_what_a_browser_keeps_of_who_signed_in_is_nobodys_to_make(open_relay: Open) -> None:
    relay: Relay = await open_relay(limits={"strangers": {"burst": 1, "per_second": 0.001}})
    await relay.arrived((await relay.hired(name="Eva"))["link"])
    kept = known_by(await enter(relay, "Eva")).partition("=")[2]
    await enter(relay, "Eva", OTHER)
    browser, mark = kept.split(".")
    made_up = ["", ".", f"{browser}.", f".{mark}", f"{mark}.{browser}", f"{browser[:-1]}.{mark}", f"{browser}.{'x' * 52}"]
    made_up.append("\N{SNOWMAN}.\N{SNOWMAN}")

    said = [await enter(relay, "Eva", Cookie=f"relay-known={value}") for value in made_up]

    assert [one.status for one in said] == [429] * len(made_up)
    assert "eva" not in kept.lower()
    assert (await relay.caller(None, Cookie=f"relay={kept}", Origin=relay.url)("GET", "/v1/session")).status == 401


async def test_who_is_signed_in_changes_their_passphrase_whoever_guesses_at_it(open_relay: Open) -> None:
    one = {"burst": 1, "per_second": 0.001}
    relay: Relay = await open_relay(limits={"strangers": one, "failed": one, "guesses": {"burst": 2, "per_second": 0.001}})
    eva = await relay.arrived((await relay.hired(name="Eva"))["link"])
    stolen = relay.browser(cookie_of(await enter(relay, "Eva")))
    token = relay.caller((await relay.hired(Role.AGENT, "Ben"))["token"])

    async def change(who: Caller, old: str) -> int:
        return (await who("POST", "/v1/session/passphrase", {"old": old, "new": OTHER})).status

    elsewhere = [(await enter(relay, "Eva", OTHER)).status for _ in range(2)]
    by_token = [await change(token, OTHER) for _ in range(3)]
    by_thief = [await change(stolen, OTHER) for _ in range(3)]

    assert elsewhere == [401, 429]
    assert by_token == [409, 409, 409], "is no guess"
    assert by_thief == [422, 422, 429]
    assert await change(eva, PASSPHRASE) == 200


def known_by(said: Said) -> str:
    """What the browser keeps of who signed in, as it sends it."""
    ((name, morsel),) = [each for each in cookies(said).items() if each[0].endswith("-known")]
    return f"{name}={morsel.value}"


def is_limited(said: Said) -> bool:
    return said.status == 429 and int(said.headers["Retry-After"]) > 0


async def test_guesses_are_counted_for_the_address_whatever_the_name_and_right_ones_are_not(open_relay: Open) -> None:
    relay: Relay = await open_relay(limits={"failed": {"burst": 3, "per_second": 0.001}})
    await relay.arrived((await relay.hired(name="Eva"))["link"])

    right = [(await enter(relay, "Eva")).status for _ in range(5)]
    wrong = [(await enter(relay, f"Nobody {number}", OTHER)).status for number in range(5)]

    assert right == [200] * 5
    assert wrong == [401, 401, 401, 429, 429]


# ------------------------------------------------------------------------------------------------------------- secrecy


async def test_no_passphrase_no_hash_and_no_secret_is_shown_anywhere(relay: Relay) -> None:
    await relay.community()
    link = (await relay.hired(Role.OWNER, "Eva"))["link"]
    with capture_logs() as logged:
        browser = await relay.arrived(link)
        await enter(relay, "Eva", OTHER)
        paths = ["staff", "audit?limit=200", "session", "sessions", *(f"communities/bad/export?kind={k}" for k in ExportKind)]
        shown = [(await browser("GET", f"/v1/{path}")).raw.decode() for path in paths]
        shown.append((await relay.nobody("GET", "/metrics")).raw.decode())

    (eva,) = [one for one in await relay.parts.store.staff() if one.name == "Eva"]
    hashed = await relay.parts.store.passphrase(eva.id)
    assert hashed is not None
    assert hashed.startswith("$argon2id$")
    for secret in (PASSPHRASE, OTHER, "argon2", hashed[-20:], secret_of(link), browser.headers["Cookie"].partition("=")[2]):
        assert not any(secret in one for one in (*shown, repr(logged), repr(eva)))
    assert FIREFOX not in shown
