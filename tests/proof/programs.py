"""How noninterference programs are made up: single acts, and short stories in which one member could be taken for the other."""

from hypothesis import strategies as st

from tests.proof.acts import (
    BUTTONS,
    JUNK,
    KEYS,
    LOUD,
    MARKS,
    TEXTS,
    THEIRS,
    Ack,
    AckCall,
    Act,
    Answer,
    AppealCall,
    Ask,
    Call,
    Close,
    Connect,
    Decide,
    Drop,
    Erase,
    Flood,
    Junk,
    NewToken,
    Of,
    Press,
    PressCall,
    Program,
    Publish,
    Ref,
    Rename,
    Revoke,
    Say,
    Step,
    Tick,
    Who,
    Write,
)


def _places(pool: tuple[object, ...]) -> st.SearchStrategy[int]:
    return st.integers(0, len(pool) - 1)


_devices = st.sampled_from((0, 0, 1))
_few = st.integers(0, 2)
_marks = _places(MARKS)
_texts = st.one_of(st.integers(0, 4), _places(TEXTS))
_keys = _places(KEYS)
_refs = st.builds(Ref, st.sampled_from(Of), _few)
_answers = st.one_of(st.none(), _refs)
_posts = st.builds(Ref, st.sampled_from((Of.OWN_POST, Of.OWN_POST, Of.THEIR_POST, Of.THEIR_MESSAGE, Of.NOBODYS)), _few)
_cases = st.builds(Ref, st.sampled_from((Of.OWN_CASE, Of.THEIR_CASE, Of.THEIR_MESSAGE, Of.NOBODYS)), _few)

_says: st.SearchStrategy[Act] = st.one_of(
    st.builds(Say, _devices, _marks, _texts, _answers),
    st.builds(Write, _devices, _marks, _texts, _answers, _keys),
)

_by_member: st.SearchStrategy[Act] = st.one_of(
    _says,
    _says,
    st.builds(Press, _devices, _marks, _posts, _places(BUTTONS)),
    st.builds(PressCall, _devices, _posts, _places(BUTTONS), _keys),
    st.builds(Connect, _devices, _few),
    st.builds(Call, _devices, st.sampled_from([ask for ask in Ask if ask is not Ask.ERASE])),
    st.builds(AppealCall, _devices, _cases, _keys),
    st.builds(Flood, _devices, _texts, st.integers(2, 7)),
    st.builds(Ack, _devices, st.integers(-1, 2), st.booleans()),
    st.builds(AckCall, _devices, st.integers(-1, 2), st.booleans()),
    st.builds(Drop, _devices),
    st.builds(Junk, _devices, _places(JUNK)),
)
_by_staff: st.SearchStrategy[Act] = st.one_of(
    st.builds(Answer, _few, _texts, st.booleans()),
    st.builds(Answer, _few, _texts, st.just(value=False)),
    st.builds(Decide, _few, st.booleans()),
    st.builds(Decide, _few, st.just(value=True)),
    st.builds(Close, _few),
    st.builds(NewToken, _devices),
)
_for_all: st.SearchStrategy[Act] = st.one_of(
    st.builds(Publish, _texts, st.integers(0, 2)),
    st.builds(Publish, _texts, st.integers(0, 2)),
    st.builds(Rename, _few),
    st.builds(Tick, st.sampled_from((1, 30, 3600, 8 * 86400))),
)


def _said_twice(act: Act, *, beside: bool) -> tuple[Step, ...]:
    """HIGH does what LOW does, just before or meanwhile."""
    return Step(Who.HIGH, act, beside), Step(Who.LOW, act)


def _held(who: Who, say: Say | Write) -> tuple[Step, ...]:
    """A rude text that staff reject, and the wish that somebody else look at it."""
    appeal = AppealCall(0, Ref(Of.OWN_CASE), 0)
    return Step(who, say), Step(who, Decide(0, reject=True)), Step(who, appeal), Step(who, Decide(0, reject=False))


def _guessed(say: Act, guess: Act) -> tuple[Step, ...]:
    """HIGH has something, and LOW tries to lay hands on it."""
    return Step(Who.HIGH, say), Step(Who.LOW, guess)


def _same_key(mark: int, text: int, key: int, beside: bool) -> tuple[Step, ...]:  # noqa: FBT001 - drawn
    """Two requests that nothing but their callers tell apart."""
    return _said_twice(Write(0, mark, text, None, key), beside=beside)


def _coveted(say: Say | Write, k: int) -> tuple[Step, ...]:
    """HIGH is told of a case, and LOW appeals in it."""
    return Step(Who.HIGH, say), Step(Who.HIGH, Decide(0, reject=True)), Step(Who.LOW, AppealCall(0, Ref(Of.THEIR_CASE, k), 0))


def _locked_out(who: Who, device: int | None) -> tuple[Step, ...]:
    return Step(who, Revoke(device)), Step(who, NewToken(device or 0)), Step(who, Connect(device or 0, 1))


def _at_once(mark: int, text: int, other: int) -> tuple[Step, ...]:
    return Step(Who.HIGH, Say(0, mark, text, None), beside=True), Step(Who.LOW, Say(0, mark, other, None))


def _pressed(text: int, high: int, low: int, high_first: bool) -> tuple[Step, ...]:  # noqa: FBT001 - drawn
    """Both answer the same post."""
    presses = [Step(Who.HIGH, PressCall(0, Ref(Of.OWN_POST), high, 0)), Step(Who.LOW, PressCall(0, Ref(Of.OWN_POST), low, 0))]
    return Step(Who.ALL, Publish(text, 2)), *(presses if high_first else reversed(presses))


def _missed(who: Who, text: int, then: Act) -> tuple[Step, ...]:
    """A post that one of the two did not get."""
    return Step(who, Call(0, Ask.LEAVE)), Step(Who.ALL, Publish(text, 2)), Step(Who.LOW, then)


def _afresh(who: Who, post: int, text: int) -> tuple[Step, ...]:
    """A reply that names nothing, while nothing is open: only the last post can tell where it belongs."""
    closed = [Step(Who.LOW, Close(k)) for k in range(3)]
    return Step(who, Call(0, Ask.LEAVE)), Step(Who.ALL, Publish(post, 0)), *closed, Step(Who.LOW, Say(0, 0, text, None))


_members = st.sampled_from((Who.LOW, Who.HIGH, Who.HIGH))
_loud = st.sampled_from([n for n, text in enumerate(TEXTS) if text.startswith(LOUD)])
_rude: st.SearchStrategy[Say | Write] = st.one_of(
    st.builds(Say, _devices, _marks, _loud, _answers),
    st.builds(Write, _devices, _marks, _loud, _answers, _keys),
)
_plain = st.builds(Say, st.just(0), _marks, st.sampled_from((0, 2, 5)), st.none())
_their_words = st.builds(Ref, st.sampled_from((Of.THEIR_MESSAGE, Of.THEIR_MESSAGE, *sorted(THEIRS))), _few)
_guesses: st.SearchStrategy[Act] = st.one_of(
    st.builds(Write, st.just(0), _marks, _texts, _their_words, st.just(0)),
    st.builds(Say, st.just(0), _marks, _texts, _their_words),
    st.builds(AppealCall, st.just(0), st.builds(Ref, st.just(Of.THEIR_CASE), _few), _keys),
    st.builds(PressCall, st.just(0), st.just(Ref(Of.THEIR_POST)), st.integers(0, 1), _keys),
)
_phrases: st.SearchStrategy[tuple[Step, ...]] = st.one_of(
    st.builds(lambda act: (Step(Who.LOW, act),), _by_member),
    st.builds(lambda act, beside: (Step(Who.HIGH, act, beside),), _by_member, st.booleans()),
    st.builds(lambda act, beside: _said_twice(act, beside=beside), _by_member, st.booleans()),
    st.builds(lambda act, beside: _said_twice(act, beside=beside), _by_member, st.booleans()),
    st.builds(_held, _members, _rude),
    st.builds(_guessed, _plain, _guesses),
    st.builds(_coveted, _rude, st.integers(0, 1)),
    st.builds(_same_key, _marks, st.integers(0, 2), st.integers(1, len(KEYS) - 1), st.booleans()),
    st.builds(_afresh, _members, _texts, _texts),
    st.builds(lambda who, act: (Step(who, act),), _members, _by_staff),
    st.builds(lambda act: (Step(Who.ALL, act),), _for_all),
    st.builds(lambda act: (Step(Who.ALL, act),), _for_all),
    st.builds(_at_once, _marks, _texts, _texts),
    st.builds(_pressed, _texts, st.integers(0, 1), st.integers(0, 1), st.booleans()),
    st.builds(_missed, _members, st.integers(0, 2), _guesses),
    st.builds(_locked_out, _members, st.sampled_from((0, 0, 1, None))),
)
_ends: st.SearchStrategy[tuple[Step, ...]] = st.sampled_from(
    ((), (), (), (Step(Who.HIGH, Erase()),), (Step(Who.HIGH, Call(0, Ask.ERASE)),), (Step(Who.LOW, Call(0, Ask.ERASE)),))
)


def programs(phrases: int = 16) -> st.SearchStrategy[Program]:
    """Programs of at most so many phrases; now and then somebody is erased in the middle."""
    made = st.lists(_phrases, min_size=3, max_size=phrases)
    return st.builds(_program, st.booleans(), made, _ends, st.lists(_phrases, max_size=phrases // 4))


def _program(
    high_first: bool,  # noqa: FBT001 - drawn
    made: list[tuple[Step, ...]],
    end: tuple[Step, ...],
    after: list[tuple[Step, ...]],
) -> Program:
    return Program(high_first, tuple(step for phrase in (*made, end, *after) for step in phrase))
