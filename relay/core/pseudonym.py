"""The name under which staff see a member: drawn from the member's id by a key, unique to nobody.

No check for uniqueness: a second draw would depend on who else is there (noninterference).
"""

import hmac

_COLOURS = (
    "Amber Azure Blue Bronze Calm Clear Copper Coral Crimson Dusty Early Fair Fern Gentle Golden Green Grey Hazel Honest "
    "Indigo Ivory Jade Keen Late Lilac Lucky Merry Mild Misty Noble Ochre Olive Pale Pearl Plum Proud Quick Quiet Rapid "
    "Red Rosy Ruby Rusty Sandy Scarlet Silver Sky Slate Snowy Solar Steady Sunny Swift Teal Tidal Violet Warm White Wild "
    "Windy Winter Wise Young"
).split()
_ANIMALS = (
    "Ant Badger Bat Bear Beaver Bee Bison Boar Buck Cat Crane Crow Deer Dove Duck Eagle Elk Falcon Ferret Finch Fox Frog "
    "Goat Goose Gull Hare Hawk Heron Horse Ibis Jay Kite Lark Lion Lynx Magpie Marten Mole Moose Moth Mouse Newt Otter "
    "Owl Ox Panther Pike Plover Puma Quail Raven Robin Rook Salmon Seal Shrew Snail Sparrow Stork Swan Thrush Toad "
    "Trout Wolf"
).split()
_NUMBERS = 100


def pseudonym(key: bytes, member_id: str) -> str:
    """Such as "Blue Heron 12"; the same key and id give the same name for ever."""
    digest = hmac.digest(key, member_id.encode(), "sha256")
    colour = _COLOURS[digest[0] % len(_COLOURS)]
    animal = _ANIMALS[digest[1] % len(_ANIMALS)]
    return f"{colour} {animal} {int.from_bytes(digest[2:6], 'big') % _NUMBERS}"
