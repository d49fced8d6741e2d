"""Shouting keeps its word. Run it with pytest, where the relay and this package are installed."""

from foureyes_shouting import Shouting

from relay.testing.fixtures import Moderate
from relay.testing.moderation import check_plugin, names


def test_it_keeps_its_word() -> None:
    check_plugin(Shouting)


def test_it_sees_capitals(moderate: Moderate) -> None:
    assert names(moderate(Shouting, "WO BLEIBT MEIN PAKET")) == {"shouting.capitals"}


def test_how_much_is_fine_can_be_chosen(moderate: Moderate) -> None:
    assert moderate(Shouting, "WO BLEIBT MEIN PAKET", max_share=1) == []
