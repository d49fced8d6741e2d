"""The command line `relay`: starts a relay, and speaks HTTP to a running one. A command is imported when it is called."""

import click

from relay.cli.shape import LateGroup

COMMANDS = {
    "serve": ("relay.cli.serve", "Run the relay until it is told to stop."),
    "reload": ("relay.cli.reload", "Have a running relay read its configuration again, whole or not at all."),
    "init": ("relay.cli.serve", "Create the data folder, the database and the owner."),
    "check": ("relay.cli.check", "Check a configuration without starting anything."),
    "doctor": ("relay.cli.doctor", "Look at all that the relay stands on, and say what to do."),
    "broker-config": ("relay.cli.broker_config", "Broker: a complete configuration for MQTT."),
    "backup": ("relay.cli.backup", "Make a copy of the database that can be put back."),
    "restore": ("relay.cli.restore", "Put a backup in the place of the database."),
    "export": ("relay.cli.export", "Write everything of a community into files."),
    "demo": ("relay.cli.demo", "Fill a community, post to it, let it answer, count both ends."),
    "community": ("relay.cli.community", "Communities: the audiences a company runs."),
    "member": ("relay.cli.member", "Members: the people who opted in."),
    "post": ("relay.cli.post", "Posts: what everyone in a community gets."),
    "thread": ("relay.cli.thread", "Threads: a member's private conversation with staff."),
    "case": ("relay.cli.case", "Cases: messages that wait for a person's decision."),
    "measure": ("relay.cli.measure", "Measures: warn, slow mode, pre-moderation, mute, ban; always for a time."),
    "staff": ("relay.cli.staff", "Staff: the people who work for the company."),
    "session": ("relay.cli.signed_in", "Sessions: the browsers you are signed in with."),
    "key": ("relay.cli.key", "Keys: credentials of company systems."),
    "plugin": ("relay.cli.plugin", "Plugins: what looks at members' messages."),
    "model": ("relay.cli.model", "Models: what moderation learned from staff's decisions."),
    "moderation": ("relay.cli.moderation", "Moderation: read the rules, and try them on texts."),
    "audit": ("relay.cli.audit", "Audit: who did what, and proof that nobody changed it since."),
    "version": ("relay.cli.version", "Show the version."),
}
"""Where each command is, and its line in `relay --help`, which must not import it; a test compares the line."""


@click.group(
    "relay", cls=LateGroup, late=COMMANDS, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100}
)
def main() -> None:
    """Four Eyes: post to everyone who opted in, and talk with each of them in private.

    Data goes to standard output, talk to standard error; --json gives one JSON object a line. The relay is the one at --url or
    RELAY_URL, else the one whose address lies in DATA/relay.url; the token comes from RELAY_TOKEN or --token-file.

    Exit codes: 0 done, 1 failed, 2 wrong usage or configuration, 3 done in part, 69 no relay answers, 75 try again later.
    """
