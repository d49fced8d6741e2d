"""The member's pages without scripts: everything works by links and forms, on one's own, and for nobody else."""

import asyncio
import json

import pytest

from relay.core.device import AddDevice, Device, hashed
from relay.core.member import Standing
from relay.core.staff import TokenKind
from tests.web.browser import Browser, browser, joined
from tests.web.conftest import IMPRINT, Open, Relay, numbers


async def only_member(relay: Relay) -> str:
    (member,) = (await relay.owner("GET", "/v1/communities/bad/members")).body["items"]
    return str(member["id"])


# ------------------------------------------------------------------------------------------------------------ coming in


async def test_who_asks_stands_before_what_is_asked(nobody: Browser, invitation: str) -> None:
    page = await nobody.open(invitation)

    assert (page.status, page.language) == (200, "en")
    for said in ("Bad am See", IMPRINT, "Privacy"):
        assert page.html.index(said) < page.html.index("<form"), said
    assert "I want to get the posts of Bad am See here." in page.text
    assert "https://example.com/privacy" in page.links


async def test_joining_takes_a_step_of_its_own_and_stores_nothing_before_it(
    relay: Relay, nobody: Browser, invitation: str
) -> None:
    await nobody.open(invitation)
    step = await nobody.submit(invitation, name="Ada")
    before = await numbers(relay)

    stream = await nobody.submit("/confirm")

    assert "You join as Ada." in step.text
    assert before[0] == 0
    assert "Only the team of Bad am See reads your answer." in stream.text
    id_ = await only_member(relay)
    member = await relay.owner("GET", f"/v1/members/{id_}")
    name = await relay.owner("POST", f"/v1/members/{id_}:lift", {"reason": "request"})
    (consent,) = member.body["consents"]
    assert (name.body["name"], member.body["language"]) == ("Ada", "en")
    assert consent["source"].startswith("page, invite ")
    assert (consent["channel"], consent["text_version"], consent["language"]) == ("web", "default-1", "en")


@pytest.mark.parametrize(
    ("browsers", "asked", "language"),
    [("de-AT,de;q=0.9", "", "de"), ("fr, en;q=0.5, de;q=0.4", "", "en"), ("de", "?language=en", "en"), ("fr", "", "en")],
)
async def test_the_pages_speak_the_language_of_who_comes(
    relay: Relay, invitation: str, browsers: str, asked: str, language: str
) -> None:
    async with browser(relay.url, browsers) as one:
        page = await one.open(invitation + asked)
        await one.submit(invitation)
        await one.submit("/confirm")

        assert page.language == one.page.language == language
        member = await relay.owner("GET", f"/v1/members/{await only_member(relay)}")
        assert (member.body["language"], member.body["consents"][0]["language"]) == (language, language)


async def test_a_form_that_is_sent_twice_is_one_member(relay: Relay, nobody: Browser, invitation: str) -> None:
    form = (await nobody.open(invitation)).form(invitation)
    await asyncio.gather(nobody.send(form, name="Ada"), nobody.send(form, name="Ada"))
    step = (await nobody.open("/c/bad/confirm")).form("/confirm")

    pages = await asyncio.gather(nobody.send(step), nobody.send(step))

    assert [page.status for page in pages] == [200, 200]
    assert (await numbers(relay))[0] == 1
    assert "Only the team" in (await nobody.open("/c/bad")).text


async def test_who_goes_back_to_the_form_of_another_is_somebody_else(relay: Relay, nobody: Browser, invitation: str) -> None:
    """On a tablet at the counter, within the hour; neither gives a name."""
    form = (await nobody.open(invitation)).form(invitation)
    tokens = []

    for _ in range(2):
        await nobody.send(form)
        await nobody.submit("/confirm")
        tokens.append(nobody.cookies["relay-m-bad"])

    assert tokens[0] != tokens[1]
    assert (await numbers(relay))[0] == 2


async def test_a_text_that_changed_meanwhile_is_read_again(relay: Relay, nobody: Browser, invitation: str) -> None:
    await nobody.open(invitation)
    await relay.owner("PUT", "/v1/communities/bad/consent", {"language": "en", "text": "Something else."})

    again = await nobody.submit(invitation)
    await nobody.submit(invitation)
    await nobody.submit("/confirm")

    assert again.status == 409
    assert "Something else." in again.text
    member = await relay.owner("GET", f"/v1/members/{await only_member(relay)}")
    assert member.body["consents"][0]["text_version"] == "1"


async def test_who_comes_with_very_many_is_told_when_to_press_again(open_relay: Open) -> None:
    relay: Relay = await open_relay(limits={"joins": {"burst": 1, "per_second": 0.1}})
    await relay.community()
    invitation = await relay.invited()
    async with browser(relay.url) as first, browser(relay.url) as second:
        await joined(first, invitation)
        await second.open(invitation)
        await second.submit(invitation, name="Ben")

        waits = await second.submit("/confirm")
        relay.clock.pass_(10)
        comes = await second.submit("/confirm")

    assert waits.status == 429
    assert "press again in 10 seconds" in waits.text
    assert "You join as Ben." in waits.text
    assert comes.url.endswith("/c/bad")


async def test_an_invite_that_opens_nothing_is_a_page_that_says_so(relay: Relay, nobody: Browser, invitation: str) -> None:
    used = await relay.invited(uses=1)
    async with browser(relay.url) as other:
        await joined(other, used)

    pages = [await nobody.open(address) for address in (used, "/i/" + "x" * 26)]

    assert [page.status for page in pages] == [404, 404]
    assert pages[0].html == pages[1].html
    assert "This link leads to nothing" in pages[0].text
    assert invitation


async def test_who_is_in_already_is_led_to_the_stream(ada: Browser, invitation: str) -> None:
    page = await ada.open(invitation)

    assert page.url.endswith("/c/bad")


async def test_who_was_taken_in_by_staff_comes_in_by_their_access_code(relay: Relay, nobody: Browser, invitation: str) -> None:
    person = await relay.member(name="Jörg")
    await relay.community("other")
    stranger = await relay.member("other")
    await nobody.open("/c/bad")

    wrong = [await nobody.submit("/enter", token=token) for token in ("nonsense", "x" * 40, str(stranger.call.token))]
    right = await nobody.submit("/enter", token=f" {person.call.token} ")

    assert [page.status for page in wrong] == [401] * 3
    assert len({page.html for page in wrong}) == 1
    assert "Only the team" in right.text
    assert invitation


# ----------------------------------------------------------------------------------------------------------- the stream


async def test_posts_are_answered_and_answers_are_read(relay: Relay, ada: Browser) -> None:
    buttons = [{"id": "yes", "label": "I come"}, {"id": "ask", "label": "A question", "opens_thread": True}]
    post = await relay.post(text="Who comes <on> Friday?", buttons=buttons)
    page = await ada.open("/c/bad")
    before = page.text

    (press,) = [form for form in page.forms if form.buttons == [("button", "yes")]]
    await ada.send(press, button="yes")
    (ask,) = [form for form in ada.page.forms if form.buttons == [("button", "ask")]]
    asking = await ada.send(ask, button="ask")
    await ada.submit("/messages", text="Is it\r\nwarm?")
    thread = await relay.only_thread()
    await relay.owner("POST", f"/v1/threads/{thread}/messages", {"text": "24 degrees."})
    page = await ada.open("/c/bad")

    assert "Who comes <on> Friday?" in before
    assert asking.form("/messages").fields["to"] == post
    assert "Is it warm?" in page.text
    assert "24 degrees." in page.text
    said = (await relay.owner("GET", f"/v1/threads/{thread}/messages")).body["items"]
    assert (said[0]["text"], said[0]["in_reply_to"]) == ("Is it\nwarm?", post)
    assert (await relay.owner("GET", f"/v1/posts/{post}")).body["presses"] == {"ask": 1}


async def test_a_message_that_is_sent_twice_is_one_and_a_mended_one_is_another(relay: Relay, ada: Browser) -> None:
    form = ada.page.form("/messages")

    await asyncio.gather(*(ada.send(form, text="Hello") for _ in range(3)))
    await ada.send(form, text="Hello again")
    await ada.send(form, text="   ")

    said = (await relay.owner("GET", f"/v1/threads/{await relay.only_thread()}/messages")).body["items"]
    assert [one["text"] for one in said] == ["Hello", "Hello again"]


async def test_earlier_items_are_loaded_page_by_page_and_none_is_missed(relay: Relay, ada: Browser) -> None:
    for n in range(70):
        await relay.post(text=f"Post number {n:02}.")

    page = await ada.open("/c/bad")
    pages = [page]
    while link := next((link for link in pages[-1].links if "before=" in link), None):
        pages.append(await ada.open(link.partition("#")[0]))

    found = [[f"{n:02}" for n in range(70) if f"Post number {n:02}." in each.text] for each in pages]
    assert [len(each) for each in found] == [30, 30, 10]
    assert sorted(number for each in found for number in each) == [f"{n:02}" for n in range(70)]


async def test_what_the_page_shows_has_arrived_and_without_scripts_is_read(relay: Relay, ada: Browser) -> None:
    post = await relay.post()
    page = await ada.open("/c/bad")
    await relay.parts.deliver.flush()
    shown = (await relay.owner("GET", f"/v1/posts/{post}")).body["counts"]

    (picture,) = page.pictures
    await ada.open(picture)

    assert (shown["delivered"], shown["read"]) == (1, 0)
    assert (await relay.owner("GET", f"/v1/posts/{post}")).body["counts"]["read"] == 1


async def test_a_rejection_is_told_with_its_reason_and_can_be_appealed_once(relay: Relay, ada: Browser) -> None:
    await ada.submit("/messages", text="reject this")
    appeal = (await ada.open("/c/bad")).form("/appeal")

    await ada.send(appeal, text="It was kind")
    again = await ada.send(appeal, text="It was kind")

    assert "did not get your message" in again.text
    assert [form for form in again.forms if form.action.endswith("/appeal")] == []
    (case,) = (await relay.owner("GET", "/v1/communities/bad/cases?state=appealed")).body["items"]
    assert case["appeal"]["text"] == "It was kind"


# --------------------------------------------------------------------------------------------------------- what is theirs


async def test_a_member_pauses_and_ends_it(relay: Relay, ada: Browser) -> None:
    await ada.open("/c/bad/you")
    spans = [form for form in ada.page.forms if form.action.endswith("/pause")]
    paused = await ada.send(spans[0], span="week")
    banner = await ada.open("/c/bad")
    post = await relay.post()

    await ada.open("/c/bad/you")
    dated = await ada.send(next(form for form in ada.page.forms if "day" in form.fields), day="2027-01-01")
    await ada.send(next(form for form in ada.page.forms if ("span", "end") in form.buttons), span="end")
    await relay.parts.pauses.turn()

    assert "You pause until 28 November, 13:00." in paused.text
    assert "You pause. Posts wait for you until 28 November, 13:00." in banner.text
    assert "You pause until 1 January, 00:00." in dated.text
    assert "Closed tomorrow" in (await ada.open("/c/bad")).text
    assert (await relay.owner("GET", f"/v1/posts/{post}")).body["counts"]["deferred"] == 0


async def test_a_member_leaves_and_comes_back_with_a_new_receipt(relay: Relay, ada: Browser) -> None:
    await ada.open("/c/bad/you")
    await ada.follow("/leave")
    before = await relay.parts.store.member(await only_member(relay))
    left = await ada.submit("/leave")
    await ada.follow("/back")
    back = await ada.submit("/back")

    assert before is not None
    assert before.standing is Standing.ACTIVE
    assert "You left and get no more posts." in left.text
    assert "Only the team" in back.text
    consents = (await relay.owner("GET", f"/v1/members/{before.id}")).body["consents"]
    assert [(one["withdrawn_at"] is None, one["text_version"]) for one in consents] == [
        (False, "default-1"),
        (True, "default-1"),
    ]


async def test_a_member_takes_a_copy_of_their_data_and_erases_it(relay: Relay, ada: Browser) -> None:
    await ada.submit("/messages", text="Do you know me?")
    member = await only_member(relay)
    await ada.open("/c/bad/you")
    async with ada.session.get(f"{relay.url}/c/bad/export") as copy:
        told = json.loads(await copy.read())
        name = copy.headers["Content-Disposition"]

    await ada.follow("/erase")
    erased = await ada.submit("/erase")

    assert told["messages"][0]["text"] == "Do you know me?"
    assert name == 'attachment; filename="bad.json"'
    assert "Everything is erased" in erased.text
    assert "relay-m-bad" not in ada.cookies
    assert await relay.parts.store.member(member) is None
    assert "How to join" in (await ada.open("/c/bad")).text


async def test_a_member_signs_their_other_devices_out_and_nobody_elses(relay: Relay, ada: Browser) -> None:
    member = await only_member(relay)
    made = await relay.owner("POST", f"/v1/members/{member}/tokens", {"kind": "web", "device": "tablet"})
    tablet, stranger = relay.caller(made.body["token"]), await relay.member()
    device = (await relay.signed_in(stranger)).token
    await ada.open("/c/bad/you")
    form = ada.page.forms_to("/devices")[-1]

    refused = await ada.send(form, device=device)
    await ada.open("/c/bad/you")
    await ada.send(form, device=form.buttons[0][1])

    assert refused.status == 404
    assert (await tablet("GET", "/v1/me")).status == 401
    assert (await stranger.call("GET", "/v1/me")).status == 200
    assert "Only the team" in (await ada.open("/c/bad")).text


async def test_a_member_sees_what_speaks_for_them_over_mqtt_and_ends_it_alone(relay: Relay, ada: Browser) -> None:
    member, now = await only_member(relay), relay.clock.now()
    made = await relay.owner("POST", f"/v1/members/{member}/tokens", {"kind": "web", "device": "phone"})
    web = relay.caller(made.body["token"])
    device = Device(relay.parts.ids(), TokenKind.MEMBER, member, "phone", hashed("secret", b"twelve bytes"), now)
    await relay.parts.store.commit(AddDevice(device))

    async with web.stream("/v1/me/stream") as socket:
        await socket.send_json({"type": "hello", "token": web.token, "after": 0})
        await socket.receive_json(timeout=10)
        page = await ada.open("/c/bad/you")
        ended = await ada.send(page.forms_to("/devices")[-1], device=device.id)
        await socket.send_json({"type": "ack", "seq": 0})
        is_there = not socket.closed and (await web("GET", "/v1/me")).status == 200

    assert "Device phone on MQTT" in page.text
    assert "MQTT" not in ended.text
    assert [each.revoked_at is None for each in await relay.parts.store.devices_of(member)] == [False]
    assert is_there


async def test_a_member_signs_this_browser_out(relay: Relay, ada: Browser) -> None:
    """Such as on a tablet at the counter."""
    page = await ada.open("/c/bad/you")

    out = await ada.send(page.form("/devices"), device=page.form("/devices").buttons[0][1])

    assert "How to join" in out.text
    assert "relay-m-bad" not in ada.cookies
    assert (await relay.owner("GET", f"/v1/members/{await only_member(relay)}")).body["standing"] == "active"


async def test_a_member_chooses_their_language(relay: Relay, ada: Browser) -> None:
    await ada.open("/c/bad/you")

    page = await ada.submit("/language", language="de")

    assert page.language == "de"
    assert (await ada.open("/c/bad")).language == "de"
    assert (await relay.owner("GET", f"/v1/members/{await only_member(relay)}")).body["language"] == "de"


async def test_who_is_signed_out_sees_how_to_join_and_nothing_of_before(relay: Relay, ada: Browser) -> None:
    await relay.post(text="Only for members")
    await relay.owner("DELETE", f"/v1/members/{await only_member(relay)}/tokens")

    pages = [await ada.open(address) for address in ("/c/bad", "/c/bad/you", "/c/bad/export", "/c/bad/erase")]

    assert all("How to join" in page.text for page in pages)
    assert not any("Only for members" in page.html for page in pages)


async def test_what_makes_an_app_of_it_names_the_community_and_nobody(relay: Relay, ada: Browser) -> None:
    async with ada.session.get(f"{relay.url}/c/bad/app.webmanifest") as got:
        manifest = json.loads(await got.read())
    async with ada.session.get(f"{relay.url}/c/worker.js") as worker:
        script = await worker.text()
    offline = await ada.open("/c/offline.html")

    assert (manifest["name"], manifest["start_url"], manifest["display"]) == ("Bad am See", "/c/bad", "standalone")
    for icon in manifest["icons"]:
        async with ada.session.get(relay.url + icon["src"]) as drawn:
            assert (drawn.status, drawn.content_type) == (200, icon["type"])
    assert worker.content_type == "text/javascript"
    assert "/c/offline.html" in script
    assert "Ada" not in offline.html


async def test_every_link_of_every_page_leads_somewhere(relay: Relay, ada: Browser) -> None:
    await relay.post(buttons=[{"id": "yes", "label": "I come"}])
    found, waiting = set[str](), ["/c/bad"]
    while waiting:
        path = waiting.pop()
        found.add(path)
        page = await ada.open(path)
        assert page.status == 200, path
        assert page.tags.count("h1") == 1 or path.endswith("export"), path
        inside = {link.partition("#")[0] for link in page.links if link.startswith("/")}
        waiting += [link for link in inside if link and link not in found | set(waiting)]

    assert {"/c/bad/you", "/c/bad/imprint", "/c/bad/export", "/c/bad/leave", "/c/bad/erase"} <= found
