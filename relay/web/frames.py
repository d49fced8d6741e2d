"""The readable page of the streams: what goes over WebSockets and over MQTT, made from the AsyncAPI document."""

from collections.abc import Mapping
from html import escape
from typing import Any

from relay.web.reference import fields, page, prose, table

Json = Mapping[str, Any]


def streams_page(document: Json) -> str:
    """Each channel with its frames, and what each frame holds."""
    channels = document.get("channels", {})
    links = "".join(f'<li><a href="#{name}">{escape(channel["title"])}</a></li>' for name, channel in channels.items())
    body = "".join(_channel(name, channel, document) for name, channel in channels.items())
    intro = (
        "<p>One JSON object a frame, UTF-8, times in UTC. The frames of members are the same on the WebSocket and over MQTT. "
        'For machines: <a href="/asyncapi.json">AsyncAPI 3</a>; <a href="/docs">the calls over HTTP</a>.</p>'
    )
    return page("Streams and MQTT", f'{intro}<nav aria-label="Channels"><ul>{links}</ul></nav>{body}')


def _channel(name: str, channel: Json, document: Json) -> str:
    frames = "".join(_frame(name, each["$ref"].rpartition("/")[2], document) for each in channel["messages"].values())
    address = escape(channel["address"]).replace("/", "/<wbr>")
    head = f"<h2>{escape(channel['title'])}</h2><p><code>{address}</code></p><p>{prose(channel['description'])}</p>"
    return f'<section id="{name}">{head}{frames}</section>'


def _frame(channel: str, name: str, document: Json) -> str:
    message = document["components"]["messages"][name]
    schema = document["components"]["schemas"][message["payload"]["$ref"].rpartition("/")[2]]
    head = f'<summary><code>{name}</code> <span class="quiet">{escape(message["title"])}</span></summary>'
    rows = table("Fields", fields(schema, document))
    return f'<details id="{channel}-{name}">{head}<p>{prose(message["summary"])}</p>{rows}</details>'
