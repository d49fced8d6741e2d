"""The memory of plugins: expiry, bounds, and spaces that never see each other."""

from hypothesis import given
from hypothesis import strategies as st

from relay.pipeline.memory import MOST_KEYS, MOST_SPACE_BYTES, MemoryStore
from relay.testing.moderation import StillClock


def store_of(clock: StillClock, most_spaces: int = 10, most_bytes: int = 10_000) -> MemoryStore:
    return MemoryStore(clock.monotonic, most_spaces, most_bytes)


async def test_a_value_lives_until_it_expires() -> None:
    clock = StillClock()
    memory = store_of(clock).of("p", "m")
    await memory.set("key", "value", ttl=10)

    clock.advance(9)
    before = await memory.get("key", "none")
    clock.advance(1)

    assert (before, await memory.get("key", "none")) == ("value", "none")


async def test_a_counter_expires_after_its_first_increment() -> None:
    clock = StillClock()
    memory = store_of(clock).of("p", "m")
    counts = [await memory.increment("n", ttl=10)]
    clock.advance(9)
    counts.append(await memory.increment("n", 2, ttl=10))
    clock.advance(1)
    counts.append(await memory.increment("n", ttl=10))

    assert counts == [1, 3, 1]


async def test_forgetting_what_is_not_there_is_nothing() -> None:
    memory = store_of(StillClock()).of("p", "m")
    await memory.set("key", 1, ttl=10)

    await memory.forget("key")
    await memory.forget("key")

    assert await memory.get("key", 0) == 0


async def test_one_member_pushes_out_only_their_own_keys() -> None:
    store = store_of(StillClock())
    quiet, loud = store.of("p", "quiet"), store.of("p", "loud")
    await quiet.set("key", 1, ttl=10)

    for n in range(MOST_KEYS + 5):
        await loud.set(str(n), n, ttl=10)

    assert await quiet.get("key", 0) == 1
    assert await loud.get("0", -1) == -1
    assert await loud.get(str(MOST_KEYS + 4), -1) == MOST_KEYS + 4


async def test_the_longest_unused_space_goes_first() -> None:
    store = store_of(StillClock(), most_spaces=2)
    for member in ("a", "b"):
        await store.of("p", member).set("key", member, ttl=10)
    await store.of("p", "a").get("key", "")

    await store.of("p", "c").set("key", "c", ttl=10)

    assert [await store.of("p", member).get("key", "") for member in "abc"] == ["a", "", "c"]


async def test_large_values_push_out_others_and_never_grow_past_the_bound() -> None:
    store = store_of(StillClock(), most_spaces=100, most_bytes=10_000)

    for n in range(50):
        await store.of("p", str(n)).set("key", ("x" * 1000,), ttl=10)

    assert len(store) == 8


@given(st.lists(st.tuples(st.sampled_from("pq"), st.sampled_from("ab"), st.sampled_from("xy"), st.integers(0, 9))))
async def test_spaces_never_see_each_other(writes: list[tuple[str, str, str, int]]) -> None:
    store = store_of(StillClock())
    expected: dict[tuple[str, str, str], int] = {}

    for plugin, member, key, value in writes:
        await store.of(plugin, member).set(key, value, ttl=10)
        expected[plugin, member, key] = value

    for plugin, member, key in [(p, m, k) for p in "pq" for m in "ab" for k in "xy"]:
        assert await store.of(plugin, member).get(key, -1) == expected.get((plugin, member, key), -1)


async def test_what_plugins_remember_of_a_member_goes_with_them() -> None:
    store = MemoryStore(lambda: 0.0)
    await store.of("repeat", "ada").set("last", ("a text",), ttl=60)
    await store.of("flood", "ada").set("count", 1, ttl=60)
    await store.of("repeat", "bob").set("last", ("another",), ttl=60)

    store.forget("ada")

    assert len(store) == 1
    assert await store.of("repeat", "bob").get("last", ("",)) == ("another",)


async def test_what_has_expired_is_let_go_without_being_asked_for() -> None:
    now = [0.0]
    store = MemoryStore(lambda: now[0])
    await store.of("repeat", "ada").set("last", ("a text",), ttl=60)
    now[0] = 61.0

    await store.of("repeat", "bob").set("last", ("another",), ttl=60)

    assert len(store) == 1


async def test_a_plugin_that_hoards_pushes_out_what_it_keeps_itself() -> None:
    store = store_of(StillClock(), most_spaces=10, most_bytes=10_000)
    for member in "abc":
        await store.of("modest", member).set("key", 1, ttl=10)

    for n in range(50):
        await store.of("greedy", str(n)).set("key", "x" * 1000, ttl=10)
        await store.of("greedy", str(n)).set("many", n, ttl=10)

    assert [await store.of("modest", member).get("key", 0) for member in "abc"] == [1, 1, 1]


async def test_what_lies_inside_of_a_value_counts() -> None:
    store = store_of(StillClock(), most_spaces=100, most_bytes=10_000)

    for n in range(50):
        await store.of("p", str(n)).set("key", [[["x" * 1000]]], ttl=10)

    assert len(store) < 10


async def test_long_keys_count_too() -> None:
    store = store_of(StillClock(), most_spaces=100, most_bytes=10_000)

    for n in range(50):
        await store.of("p", str(n)).set("k" * 1000, 1, ttl=10)

    assert len(store) < 10


async def test_one_members_large_values_push_out_only_their_own() -> None:
    store = store_of(StillClock(), most_bytes=10 * MOST_SPACE_BYTES)
    quiet, loud = store.of("p", "quiet"), store.of("p", "loud")
    await quiet.set("key", 1, ttl=10)

    for n in range(MOST_KEYS):
        await loud.set(str(n), "x" * (MOST_SPACE_BYTES // 4), ttl=10)

    assert await quiet.get("key", 0) == 1
    assert [await loud.get(str(n), "") == "" for n in (0, MOST_KEYS - 5, MOST_KEYS - 1)] == [True, True, False]


async def test_what_has_expired_as_it_is_written_is_counted_once() -> None:
    clock = StillClock()
    store = store_of(clock, most_spaces=100, most_bytes=2 * MOST_SPACE_BYTES)
    large = "x" * (3 * MOST_SPACE_BYTES // 4)
    for _ in range(10):
        await store.of("p", "bot").set("old", large, ttl=1)
        clock.advance(1)
        await store.of("p", "bot").set("new", large, ttl=0)

    for n in range(50):
        await store.of("p", str(n)).set("key", large, ttl=10)

    assert len(store) == 2
