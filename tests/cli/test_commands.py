"""The commands that speak to a running relay: their data, their manners, their exit codes."""

import json
import secrets
import urllib.request
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import OWNER, CommandLine, Served

Member = dict[str, Any]


def say(served: Served, token: str, text: str) -> None:
    body = json.dumps({"client_id": secrets.token_hex(4), "text": text}).encode()
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    request = urllib.request.Request(f"{served.url}/v1/me/messages", body, headers)  # noqa: S310  our own relay
    urllib.request.urlopen(request, timeout=10).close()  # noqa: S310  our own relay


def items(served: Served, token: str) -> list[dict[str, Any]]:
    headers = {"Authorization": f"Bearer {token}"}
    request = urllib.request.Request(f"{served.url}/v1/me/items", headers=headers)  # noqa: S310  our own relay
    with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310  our own relay
        found: list[dict[str, Any]] = json.loads(answer.read())["items"]
    return found


@pytest.fixture
def pool(owner: CommandLine) -> str:
    slug = f"pool-{secrets.token_hex(4)}"
    owner.json("community", "create", slug, "--name", "Town Pool")
    return slug


@pytest.fixture
def ada(owner: CommandLine, pool: str) -> dict[str, Any]:
    return owner.json("member", "add", pool, "--name", "Ada", "--tag", "season").thing


def test_a_community_is_created_shown_listed_and_changed(owner: CommandLine, pool: str) -> None:
    owner.json("community", "edit", pool, "--quiet", "21:00-08:00")
    owner.json("community", "edit", pool, "--posts-per-day", "2", "--name", "The Pool")

    shown = owner.json("community", "show", pool).thing

    assert shown["name"] == "The Pool"
    assert shown["rules"]["quiet_hours"] == {"from": "21:00", "to": "08:00"}
    assert shown["rules"]["posts_per_day"] == 2
    assert pool in [each["slug"] for each in owner.json("community", "list").things]


def test_a_post_reaches_a_member_and_their_reply_is_answered(
    owner: CommandLine, served: Served, pool: str, ada: Member
) -> None:
    post = owner.json("post", "send", pool, "We are closed tomorrow.", "--yes").thing
    owner("post", "watch", post["id"])
    say(served, ada["token"], "Is the sauna open at least?")

    (thread,) = owner.json("thread", "list", pool, "--post", post["id"]).things
    owner.json("thread", "note", thread["id"], "Asked the lifeguard.")
    owner.json("thread", "answer", thread["id"], "It is, from ten.")
    shown = owner.json("thread", "show", thread["id"]).thing
    owner.json("thread", "close", thread["id"])

    assert [item["text"] for item in items(served, ada["token"])] == [
        "We are closed tomorrow.",
        "Is the sauna open at least?",
        "It is, from ten.",
    ]
    assert [message["role"] for message in shown["messages"]] == ["member", "staff", "staff"]
    assert owner.json("thread", "list", pool, "--state", "closed").thing["id"] == thread["id"]
    assert owner.json("post", "show", post["id"]).thing["audience"] == 1
    assert owner.json("post", "list", pool).thing["id"] == post["id"]


def test_a_held_message_is_decided(owner: CommandLine, served: Served, pool: str, ada: Member) -> None:
    say(served, ada["token"], "You idiots, you morons, you assholes!")
    (case,) = owner.json("case", "list", pool, "--state", "open").things

    owner.json("case", "decide", "reject", case["id"], "--reason", "No insults, please", "--yes")

    assert owner.json("case", "show", case["id"]).thing["state"] == "rejected"
    assert "No insults, please" in items(served, ada["token"])[-1]["text"]


def test_a_measure_is_imposed_listed_and_ended(owner: CommandLine, served: Served, pool: str, ada: Member) -> None:
    because = ("--kind", "mute", "--days", "1", "--reason", "Too loud, again")
    made = owner.json("measure", "impose", ada["id"], *because, "--yes").thing
    told = items(served, ada["token"])[-1]["text"]

    (listed,) = owner.json("measure", "list", ada["id"]).things
    ended = owner.json("measure", "lift", made["id"]).thing

    assert "Too loud, again" in told
    assert (listed["id"], listed["is_in_force"], ended["state"]) == (made["id"], True, "lifted")
    assert owner.json("measure", "proposed", pool).things == []


def test_where_nothing_is_learned_it_is_said_why(owner: CommandLine, pool: str) -> None:
    listed = owner("model", "list", pool)
    unknown = [
        owner("model", *words).code for words in (("show", "nobody"), ("use", "nobody", "--yes"), ("withdraw", "nobody"))
    ]

    assert (listed.code, listed.out.strip(), unknown) == (0, "", [1, 1, 1])
    assert "No model was learned yet." in listed.err
    assert "the plugin spam is not switched on" in listed.err


def test_members_are_listed_given_tokens_exported_and_erased(owner: CommandLine, pool: str, ada: Member) -> None:
    token = owner.json("member", "token", ada["id"], "--device", "phone").thing["token"]
    exported = owner.json("member", "export", RELAY_TOKEN=token).thing

    assert owner.json("member", "show", ada["id"]).thing["tags"] == ["season"]
    assert [each["id"] for each in owner.json("member", "list", pool).things] == [ada["id"]]
    assert "Ada" in json.dumps(exported)
    assert owner("member", "erase", ada["id"], "--yes").code == 0
    assert owner("member", "show", ada["id"]).code == 1


def test_members_of_a_file_are_added_and_the_wrong_ones_are_named(owner: CommandLine, pool: str, tmp_path: Path) -> None:
    file = tmp_path / "members.jsonl"
    file.write_text('{"name": "Ada"}\n\n{"name": "Bob", "shoe_size": 46}\n{"name": "Eve", "language": "de"}\n', "utf-8")

    result = owner("member", "add", pool, "--file", "members.jsonl", "--json")

    assert result.code == 3
    names = [owner.json("member", "lift", each["id"], "--reason", "data").thing["name"] for each in result.things]
    assert names == ["Ada", "Eve"]
    assert "members.jsonl:3: " in result.err
    assert "shoe_size" in result.err


def test_a_file_that_holds_no_json_adds_nobody(owner: CommandLine, pool: str, tmp_path: Path) -> None:
    (tmp_path / "members.jsonl").write_text('{"name": "Ada"}\nBob\n', "utf-8")

    result = owner("member", "add", pool, "--file", "members.jsonl")

    assert result.code == 2
    assert "members.jsonl:2" in result.err
    assert owner.json("member", "list", pool).things == []


def test_staff_and_keys_come_and_go(owner: CommandLine) -> None:
    eva = owner.json("staff", "add", "Eva", "--role", "agent").thing
    shop = owner.json("key", "add", "shop", "--scope", "posts:write").thing

    assert owner("staff", "list", RELAY_TOKEN=eva["token"]).code == 1
    renewed = owner.json("staff", "token", eva["id"], "--yes").thing

    assert renewed["token"] != eva["token"]
    assert "Eva" in owner("staff", "list").out
    assert owner("staff", "remove", eva["id"], "--yes").code == 0
    assert owner("key", "revoke", shop["id"], "--yes").code == 0
    assert "shop" in owner("key", "list").out


def test_a_person_comes_by_a_link_and_their_session_is_listed_and_ended(owner: CommandLine, served: Served) -> None:
    jan = owner.json("staff", "add", "Jan Meier", "--role", "agent").thing
    link = owner.json("staff", "link", "jan  meier")
    used = owner.json("staff", "link", jan["id"]).thing["link"]
    body = json.dumps({"link": used.partition("#link=")[2], "passphrase": "four eyes see more than two"}).encode()
    request = urllib.request.Request(f"{served.url}/v1/sign-in:link", body, {"Content-Type": "application/json"})  # noqa: S310
    urllib.request.urlopen(request, timeout=10).close()  # noqa: S310  our own relay
    own = {"RELAY_TOKEN": jan["token"]}

    listed = owner.json("session", "list", **own).thing
    ended = owner("session", "revoke", listed["id"], "--yes", **own)

    assert jan["link"].startswith(f"{served.url}/console#link=")
    assert "shown this once" in link.err
    assert listed["browser"] == "Unknown browser"
    assert ended.code == 0, ended.err
    assert owner.json("session", "list", **own).things == []
    assert "Nobody here is called Nemo" in owner("staff", "link", "Nemo").err


def test_a_name_that_somebody_has_is_named(owner: CommandLine) -> None:
    result = owner("staff", "add", "OWNER", "--role", "agent")

    assert result.code == 1
    assert "name: is the name of somebody else who works here" in result.err


def test_plugins_are_listed(owner: CommandLine, pool: str) -> None:
    assert {"words", "flood", "repeat"} <= {each["name"] for each in owner.json("plugin", "list", pool).things}


def test_a_list_in_a_pipe_is_cut_by_tabs(owner: CommandLine, pool: str) -> None:
    lines = owner("community", "list").out.splitlines()

    assert [pool, "Town Pool", "en", ""] in [line.split("\t") for line in lines]


@pytest.mark.parametrize(
    "words",
    [
        ("post", "send", "POOL", "Hello"),
        ("member", "erase", "MEMBER"),
        ("member", "revoke", "MEMBER"),
        ("case", "decide", "reject", "CASE", "--reason", "x"),
        ("key", "revoke", "KEY"),
        ("staff", "remove", "STAFF"),
    ],
)
def test_nothing_is_sent_or_deleted_unasked(words: tuple[str, ...], owner: CommandLine, pool: str, ada: Member) -> None:
    names = {"POOL": pool, "MEMBER": ada["id"]}

    result = owner(*(names.get(word, word) for word in words))

    assert result.code == 2
    assert "--yes" in result.err
    assert owner.json("post", "list", pool).things == []
    assert owner("member", "show", ada["id"]).code == 0


def test_a_dry_run_sends_nothing(owner: CommandLine, pool: str) -> None:
    result = owner("post", "send", pool, "Hello", "--button", "yes=Yes", "--dry-run", "--json")

    assert result.thing["post"] == {"text": "Hello", "buttons": [{"id": "yes", "label": "Yes", "opens_thread": False}]}
    assert owner.json("post", "list", pool).things == []


def test_a_text_can_come_from_standard_input(owner: CommandLine, pool: str) -> None:
    result = owner("post", "send", pool, "-", "--yes", "--json", said="Grüße\nan alle\n")

    assert result.thing["text"] == "Grüße\nan alle"


def test_a_post_is_watched_to_its_end(owner: CommandLine, pool: str) -> None:
    result = owner("post", "send", pool, "Hello", "--yes", "--watch", "--json")

    assert result.code == 0
    assert result.things[-1]["at_state"] == "sent"


def test_a_refusal_says_what_is_wrong_where(owner: CommandLine) -> None:
    result = owner("community", "create", "No Slug", "--name", "x")

    assert result.code == 2
    assert "slug: needs 1 to 40 small letters" in result.err
    assert result.out == ""


@pytest.mark.parametrize(
    ("words", "thing"),
    [
        (("community", "show", "nowhere"), "community nowhere"),
        (("member", "list", "nowhere"), "community nowhere"),
        (("post", "send", "nowhere", "Hello", "--yes"), "community nowhere"),
        (("member", "show", "nobody"), "member nobody"),
        (("member", "erase", "nobody", "--yes"), "member nobody"),
        (("post", "show", "none"), "post none"),
        (("thread", "show", "none"), "thread none"),
        (("case", "decide", "deliver", "none", "--reason", "x"), "case none"),
        (("staff", "remove", "nobody", "--yes"), "person nobody"),
        (("key", "revoke", "none", "--yes"), "key none"),
        (("session", "revoke", "none", "--yes"), "session none"),
    ],
)
def test_what_is_not_there_is_named(words: tuple[str, ...], thing: str, owner: CommandLine) -> None:
    result = owner(*words)

    assert (result.code, result.out) == (1, "")
    assert f"There is no {thing} here" in result.err
    assert "nothing here" not in result.err


def test_a_new_token_comes_with_the_word_that_it_is_shown_once(owner: CommandLine, pool: str, ada: Member) -> None:
    eva = owner.json("staff", "add", "Eva", "--role", "agent")
    (owner.folder / "members.jsonl").write_text('{"name": "Bob"}\n', "utf-8")

    shown = [
        eva,
        owner.json("member", "add", pool, "--name", "Eve"),
        owner.json("member", "add", pool, "--file", "members.jsonl"),
        owner.json("member", "token", ada["id"]),
        owner.json("key", "add", "shop", "--scope", "posts:write"),
        owner.json("staff", "token", eva.thing["id"], "--yes"),
    ]

    assert all("token" in result.thing for result in shown)
    assert all("shown this once" in result.err for result in shown)


def test_a_members_tokens_are_ended_of_one_device_or_all(owner: CommandLine, ada: Member) -> None:
    phone = owner.json("member", "token", ada["id"], "--device", "phone").thing["token"]

    lost = owner("member", "revoke", ada["id"], "--device", "phone", "--yes")
    of_phone = owner("member", "export", RELAY_TOKEN=phone)
    of_first = owner("member", "export", RELAY_TOKEN=ada["token"])
    owner("member", "revoke", ada["id"], "--yes")
    at_last = owner("member", "export", RELAY_TOKEN=ada["token"])

    assert lost.code == 0, lost.err
    assert [result.code for result in (of_phone, of_first, at_last)] == [1, 0, 1]


@pytest.mark.parametrize("token", ["", "wrong"])
def test_without_a_good_token_the_way_to_one_is_shown(token: str, owner: CommandLine) -> None:
    result = owner("community", "list", RELAY_TOKEN=token)

    assert result.code == 1
    assert "RELAY_TOKEN" in result.err


def test_the_token_can_stand_in_a_file(owner: CommandLine, tmp_path: Path) -> None:
    (tmp_path / "token").write_text(f"{OWNER}\n", "utf-8")

    assert owner("community", "list", "--token-file", "token", RELAY_TOKEN="wrong").code == 0


def test_a_token_file_that_is_not_there_is_named(owner: CommandLine) -> None:
    result = owner("community", "list", "--token-file", "absent")

    assert result.code == 2
    assert "absent cannot be read" in result.err


def test_no_relay_at_all_is_said_with_what_to_do(relay: CommandLine) -> None:
    result = relay("community", "list", RELAY_URL="http://127.0.0.1:9", RELAY_TOKEN="x")

    assert result.code == 69
    assert "relay serve" in result.err


@pytest.mark.parametrize("url", ["ftp://127.0.0.1", "127.0.0.1:8080", "http://"])
def test_an_address_that_is_none_is_refused(url: str, relay: CommandLine) -> None:
    assert relay("community", "list", "--url", url).code == 2


def test_a_members_text_cannot_steer_the_terminal(owner: CommandLine, served: Served, pool: str, ada: Member) -> None:
    say(served, ada["token"], "red \x1b[31malarm\x9b2J and \u202egnirts")
    thread = owner.json("thread", "list", pool).thing["id"]

    for words in (("thread", "show", thread), ("thread", "show", thread, "--json")):
        shown = owner(*words).out
        assert "alarm" in shown
        assert not set(shown) & {"\x1b", "\x9b", "\u202e"}
