"""The sign-in of staff, with the threads that reckon hashes of passphrases."""

from contextlib import AsyncExitStack

from relay.clock import SystemClock
from relay.core.identity import Ids
from relay.flows.sign_in import SignIn
from relay.hasher import Hasher
from relay.ports import Store


def open_sign_in(store: Store, ids: Ids, secrets: Ids, stack: AsyncExitStack) -> SignIn:
    hasher = Hasher()
    stack.callback(hasher.close)
    return SignIn(store, SystemClock(), ids, secrets, hasher.hash, hasher.verify)
