"""`relay model`: what moderation learned from staff's decisions, put to use and taken back."""

import click

from relay.cli.client import path
from relay.cli.session import Session, connected, limit_option, yes_option
from relay.cli.shape import Group

COLUMNS = (
    "id", "number", "at", "is_in_use", "rejected", "delivered", "members", "words",
    "worth.macro_f1", "worth.recall", "worth.false_alarms", "emptied_at",
)  # fmt: skip
WORDS = ("word", "weight")
WHY_NOT = {
    "off": "Nothing is learned: the plugin spam is not switched on. Give it a table [plugins.spam] in the configuration.",
    "no_words": "Nothing could be learned: no word was written by {least_members} members.",
}


@click.group(cls=Group)
def model() -> None:
    """Models: what moderation learned from staff's decisions."""


@model.command("list", examples=["relay model list pool", "relay model list pool --json | jq 'select(.is_in_use)'"])
@click.argument("community")
@limit_option
@connected
def list_models(session: Session, community: str, limit: int) -> None:
    """Show the models of a community, newest first, and how many decisions there are to learn from.

    RECALL is the share of spam that one finds, FALSE ALARMS that of good messages which it suspects, MACRO F1 both in one; each
    part of its lessons was judged by a model of the others. One that is emptied knew somebody who was erased since.
    """
    found = session.client.pages(path("communities", community, "models"), limit)
    session.screen.many(found, COLUMNS, "No model was learned yet.")
    learning = session.client.get(path("communities", community, "learning"))
    counts = "{rejected} rejected, {delivered} delivered; it takes {least} of each.".format(**learning)
    session.screen.say(WHY_NOT.get(learning["why_not"], counts).format(**learning))


@model.command(examples=["relay model show MODEL", "relay model show MODEL --json | jq 'select(.weight < 0)'"])
@click.argument("model_id", metavar="MODEL")
@connected
def show(session: Session, model_id: str) -> None:
    """Show the words that a model knows, the strongest first: above 0 they speak for spam, below against it."""
    found = session.client.get(path("models", model_id))
    session.screen.many(found["known"], WORDS, "It knows nothing any more: somebody whom it learned from was erased.")


@model.command(examples=["relay model use MODEL"])
@click.argument("model_id", metavar="MODEL")
@yes_option
@connected
def use(session: Session, model_id: str, *, yes: bool) -> None:
    """Have the plugin spam judge by a model, from the next message on; the one before judges no more."""
    session.screen.confirm("Judge new messages by this model?", yes=yes)
    session.screen.one(session.client.post(path("models", model_id) + ":use", {}))


@model.command(examples=["relay model withdraw MODEL"])
@click.argument("model_id", metavar="MODEL")
@connected
def withdraw(session: Session, model_id: str) -> None:
    """Take a model back: nothing judges by it any more."""
    session.screen.one(session.client.post(path("models", model_id) + ":withdraw", {}))
