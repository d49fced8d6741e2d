"""Evasions: disguised words are found, words that no rule was written for, and clean text is not."""

from collections.abc import Iterator
from random import Random

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from relay.core.text import Text, fold
from relay.core.unmask import squeeze
from relay.core.wordlist import WordList
from relay.lexicon import load_tables
from tests.core.evasions import EVASIONS

TABLES = load_tables()
LEAST_RECALL = 0.95
TRIES = 5  # of each word with each kind
ANYTHING = st.text(st.characters(exclude_categories=()), max_size=200)
# What people do not hide: nobody tuned a rule to these.
WORDS = {
    "de": (
        "gartenzwerg schubkarre bratpfanne kühlschrank häuschen wäscheleine briefkasten fahrradklingel möhre ofenrohr knödel"
        " teppich schnürsenkel lampenschirm zahnbürste dachrinne blumentopf pfannkuchen türklinke regenschirm kellertreppe"
        " wolldecke besenstiel gießkanne hängematte stiefel kerze hobel trichter sägeblatt"
    ).split(),
    "en": (
        "doorknob wheelbarrow lampshade teapot bookshelf hinge mattress pancake bucket drawer umbrella toothbrush carpet"
        " candlestick shoelace saucepan window curtain hammock kettle ladder gutter cupboard blanket postbox firewood"
        " nutcracker hosepipe trowel spanner"
    ).split(),
}
AROUND = {
    "de": ("du bist ein {}", "{}!", "so ein {}, echt", "das ist {}."),
    "en": ("you are a {}", "{}!", "what a {}, really", "it is {}."),
}
CLEAN = (
    "Liebe Lehrer*innen, die Schüler:innen und Bürger_innen treffen sich um 8:30 Uhr, s. u.",
    "**Wichtig**: Der Kurs (Nr. 4711-B) kostet 12,50 € / Monat; *zzgl.* MwSt.**",
    "z. B. A.-M. Müller & Söhne, H&M, C&A, AT&T, R&B, Q&A, P+R, B+B, F#-Moll, C++ und C#",
    "Preis*: 5$ - 10$, 100% Baumwolle, Gr. S-XL, 3x4 m, Tel. 030 901820, Fax -21",
    "a) eins b) zwei c) drei d) vier e) fünf f) sechs g) sieben h) acht",
    "Frau M****r aus K**n hat am 1.1.24 angerufen, Kd.-Nr. ****1234, IBAN DE** **** 00",
    "Meine Größe ist L, die von A. ist M, wir sind 1,80 m und 1,65 m groß, oder?",
    "Ich bin sooooo froh, dankeeee!!! Jaaaa, suuuper, hmmm, ohhhh, pfff, brrr",
    "kiss* sigh* +1 #danke #montag @anna @b_ob_99 www.example.com/a_b-c?d=e&f=g#h",
    "W L A N geht nicht: S O S, bitte um Rückruf, A B C, 1 2 3, x y z",
    "O.K., d.h. u.a. i.d.R. bzw. evtl. s.o. p.a. e.V. G.m.b.H. a.D. n.Chr.",
    "It's 5 o'clock, we're at St. John's; he's 6'2\", she'll pay $20 +/- 10%",
    "I push it, he hits it, I am a bit late, a b-side, at 7 p.m. or 8 a.m.",
    "f(x) = a*b + c/d - e^2, x_1 != y_2, {a: 1}, [b], <c>, a && b || !c",
    "Rate: ***** 5 Sterne, **** 4 Sterne; Pass: ********, Pin: ****",
    "Café Zoë, naïve façade, Łódź, São Paulo, Reykjavík, Dvořák, Ångström",
    "Ruhe-Zeit, Mit-Arbeiter, E-Mail-Ad-resse, Hin- und Rückfahrt, An-/Abreise",
    "he l l o is what the radio said: h e l l o, over and out",
)


def disguised(kind: str, language: str) -> Iterator[tuple[str, str]]:
    random = Random(f"{kind} {language}")
    for word in WORDS[language]:
        for _ in range(TRIES):
            yield word, random.choice(AROUND[language]).format(EVASIONS[kind](word, random))


@pytest.mark.parametrize("language", WORDS)
@pytest.mark.parametrize("kind", EVASIONS)
def test_a_disguised_word_is_found(kind: str, language: str) -> None:
    words = WordList({"listed": WORDS[language]}, tables=TABLES)

    missed = [
        text for word, text in disguised(kind, language) if word not in {hit.entry for hit in words.find(Text(text, TABLES))}
    ]

    assert len(missed) <= (1 - LEAST_RECALL) * len(WORDS[language]) * TRIES, missed


@pytest.mark.parametrize("kind", EVASIONS)
def test_no_word_is_taken_for_another(kind: str) -> None:
    """Half of the words are listed, and the others disguised."""
    for language, words in WORDS.items():
        listed = WordList({"listed": words[::2]}, tables=TABLES)

        found = [
            (text, hit.entry)
            for word, text in disguised(kind, language)
            if word in words[1::2]
            for hit in listed.find(Text(text, TABLES))
        ]

        assert found == []


@pytest.mark.parametrize("text", CLEAN)
def test_a_clean_text_gives_no_more_hits_than_without_unmasking(text: str) -> None:
    everyday = [*WORDS["de"], *WORDS["en"], "hello", "wlan", "arbeit", "müde", "meer", "shit", "haus*"]
    words = WordList({"listed": everyday}, tables=TABLES)

    found = [hit.entry for hit in words.find(Text(text, TABLES)) if hit.disguised]

    assert [entry for entry in found if entry not in SPELLED_OUT.get(text, ())] == []


SPELLED_OUT = {CLEAN[9]: ("wlan",), CLEAN[17]: ("hello",)}  # spaced letters are these words


@given(ANYTHING)
@example("İ")
@example("ﬀ\u0307ẞ")
def test_folding_twice_is_folding_once(raw: str) -> None:
    folded = fold(raw, TABLES)

    assert fold(folded, TABLES) == folded
    assert squeeze(squeeze(folded)) == squeeze(folded)


@given(ANYTHING)
def test_the_same_text_gives_the_same_views(raw: str) -> None:
    one, other = Text(raw, TABLES), Text(raw, TABLES)

    assert (one.tokens, one.masks, one.unmasked, one.links) == (other.tokens, other.masks, other.unmasked, other.links)


@given(ANYTHING, st.sampled_from(sorted(EVASIONS)), st.randoms(use_true_random=False))
def test_a_disguise_amid_anything_never_raises(raw: str, kind: str, random: Random) -> None:
    text = Text(f"{raw} {EVASIONS[kind]('gartenzwerg', random)} {raw}", TABLES)

    for hit in WordList({"listed": WORDS["de"]}, tables=TABLES).find(text):
        assert hit.start is None or hit.end is None or 0 <= hit.start < hit.end <= len(text)
