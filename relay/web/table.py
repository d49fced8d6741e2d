"""The table of routes: the only source of routing, authorisation, documents and the role matrix. What is not here is denied."""

from typing import Any, Final

from relay.core.staff import Role
from relay.web import (
    bodies,
    cases,
    communities,
    desk,
    entering,
    invites,
    joining,
    me,
    measures,
    members,
    models,
    people,
    plugins,
    posts,
    public,
    replays,
    sign_in,
    threads,
    views,
)
from relay.web.bodies import DeviceQuery, Nothing, PagingQuery
from relay.web.member.routes import ROUTES as MEMBER_PAGES
from relay.web.own_bodies import ItemsQuery, NewAppeal, PressBody, Reply, UpTo
from relay.web.route import Route, Who
from relay.web.views import Listed

_OWNER, _MANAGER, _AGENT = (Role.OWNER,), (Role.MANAGER,), (Role.AGENT,)
_MODERATOR, _AUDITOR, _DESK = (Role.MODERATOR,), (Role.AUDITOR,), (Role.AGENT, Role.MODERATOR)
_OF = "/v1/communities/{slug}"


def _staff(method: str, path: str, roles: tuple[Role, ...], summary: str, handler: Any, **more: Any) -> Route:  # noqa: ANN401
    return Route(method, path, Who.STAFF, summary, handler, roles, **more)


def _own(method: str, path: str, summary: str, handler: Any, **more: Any) -> Route:  # noqa: ANN401
    return Route(method, path, Who.MEMBER, summary, handler, **more)


def _self(method: str, path: str, summary: str, handler: Any, **more: Any) -> Route:  # noqa: ANN401
    return Route(method, path, Who.STAFF, summary, handler, is_own=True, **more)


def _entrance(path: str, summary: str, handler: Any, body: Any, answer: Any) -> Route:  # noqa: ANN401
    return Route("POST", path, Who.PUBLIC, summary, handler, body=body, answer=answer, is_entrance=True)


def _page(path: str, summary: str, handler: Any, media: str = "text/html") -> Route:  # noqa: ANN401
    return Route("GET", path, Who.PUBLIC, summary, handler, kind="page", media=media)


def _new(body: Any, answer: Any, status: int = 201, secret: tuple[str, ...] = ()) -> dict[str, Any]:  # noqa: ANN401
    """What all calls have in common that create something."""
    return {"body": body, "answer": answer, "status": status, "is_creating": True, "secret": secret}


_COMMUNITIES = (
    _staff("POST", "/v1/communities", _OWNER, "Found a community", communities.found,
           **_new(bodies.NewCommunity, views.CommunityView)),
    _staff("GET", "/v1/communities", _DESK, "List communities", communities.listed_of,
           query=PagingQuery, answer=Listed[views.CommunityBrief], scope="communities:read"),
    _staff("GET", _OF, _MANAGER, "Read a community", communities.read, answer=views.CommunityView, scope="communities:read"),
    _staff("PATCH", _OF, _MANAGER, "Change a community", communities.edit,
           body=bodies.CommunityEdit, answer=views.CommunityView),
    _staff("GET", f"{_OF}/export", _OWNER, "Export a community, one kind of row after the other", communities.export,
           query=bodies.ExportQuery, answer=Listed[dict[str, Any]]),
    _staff("GET", f"{_OF}/counts", _DESK, "Count members, threads by state, and cases that wait", communities.numbers,
           answer=views.NumbersView, scope="communities:read"),
    _staff("GET", f"{_OF}/rules", _MANAGER, "Read every figure that moderation goes by", communities.rules,
           query=PagingQuery, answer=Listed[dict[str, Any]], scope="plugins:read"),
    _staff("GET", f"{_OF}/raid", _MODERATOR, "See whether raid mode is on", communities.raid,
           answer=views.RaidView, scope="cases:read"),
    _staff("DELETE", f"{_OF}/raid", _MODERATOR, "End raid mode before its time", communities.end_raid,
           status=204, scope="cases:write"),
    _staff("GET", f"{_OF}/plugins", _MANAGER, "See which plugins moderate and how they do", plugins.listed_of,
           query=PagingQuery, answer=Listed[plugins.PluginView], scope="plugins:read"),
    _staff("POST", f"{_OF}/moderation:replay", _MANAGER, "Judge again what members wrote, with another configuration",
           replays.start, **_new(replays.NewReplay, replays.ReplayView, 202)),
    _staff("GET", f"{_OF}/moderation:replay", _MANAGER, "See how far a replay is, and what it found", replays.read,
           answer=replays.ReplayView),
    _staff("DELETE", f"{_OF}/moderation:replay", _MANAGER, "Stop a replay, or drop what it found", replays.stop, status=204),
    _staff("GET", f"{_OF}/learning", _MANAGER, "See how far the community is with learning from staff's decisions",
           models.standing, answer=models.LearningView, scope="plugins:read"),
    _staff("GET", f"{_OF}/models", _MANAGER, "List models of staff's decisions, newest first", models.listed_of,
           query=PagingQuery, answer=Listed[models.ModelView], scope="plugins:read"),
    _staff("GET", "/v1/models/{id}", _MANAGER, "See what a model knows", models.read,
           answer=models.ModelDetail, scope="plugins:read"),
    _staff("POST", "/v1/models/{id}:use", _MANAGER, "Put a model to use, instead of the one before", models.use,
           body=Nothing, answer=models.ModelView),
    _staff("POST", "/v1/models/{id}:withdraw", _MANAGER, "Take a model back: it judges no more", models.withdraw,
           body=Nothing, answer=models.ModelView),
)  # fmt: skip

_MEMBERS = (
    _staff("POST", f"{_OF}/members", _MANAGER, "Take in somebody who opted in", members.add,
           scope="members:write", **_new(bodies.NewMember, views.MemberAdded, secret=("token",))),
    _staff("GET", f"{_OF}/members", _MANAGER, "List members", members.listed_of,
           query=PagingQuery, answer=Listed[views.MemberView], scope="members:read"),
    _staff("GET", "/v1/members/{id}", _MANAGER, "Read a member", members.read, answer=views.MemberDetail, scope="members:read"),
    _staff("PATCH", "/v1/members/{id}", _MANAGER, "Change a member", members.edit,
           body=bodies.MemberEdit, answer=views.MemberView, scope="members:write"),
    _staff("POST", "/v1/members/{id}:lift", _MANAGER, "Lift a pseudonym: the name behind it, for a reason", members.lift,
           body=members.LiftReason, answer=views.MemberName, scope="members:read"),
    _staff("DELETE", "/v1/members/{id}", _MANAGER, "Erase a member and everything of theirs", members.erase,
           status=204, scope="members:write"),
    _staff("GET", "/v1/members/{id}/erasure", _MANAGER, "See whether an erasure is confirmed", members.erasure,
           answer=desk.ErasureView, scope="members:read"),
    _staff("POST", "/v1/members/{id}/tokens", _MANAGER, "Give a member's device a credential", members.add_token,
           scope="members:write", **_new(bodies.NewToken, views.TokenAdded, secret=("token",))),
    _staff("DELETE", "/v1/members/{id}/tokens", _MANAGER, "End a member's credentials", members.revoke_tokens,
           query=DeviceQuery, status=204, scope="members:write"),
    _staff("POST", "/v1/members/{id}/messages", _MANAGER, "Write first to one member", members.write_first,
           scope="threads:write", **_new(bodies.NewText, desk.MessageView, 202)),
)  # fmt: skip

_JOINING = (
    _staff("POST", f"{_OF}/invites", _MANAGER, "Make an invite: a link, and its picture", invites.add,
           scope="members:write", **_new(invites.NewInvite, invites.InviteView)),
    _staff("GET", f"{_OF}/invites", _MANAGER, "List invites", invites.listed_of,
           query=PagingQuery, answer=Listed[invites.InviteView], scope="members:read"),
    _staff("DELETE", "/v1/invites/{id}", _MANAGER, "Revoke an invite; who came by it stays", invites.revoke,
           status=204, scope="members:write"),
    _staff("GET", "/v1/invites/{id}/qr.svg", _MANAGER, "An invite's link as a QR code", invites.picture,
           scope="members:read", media="image/svg+xml"),
    _staff("PUT", f"{_OF}/consent", _MANAGER, "Write the text that people agree to, as its next version", invites.word,
           body=invites.NewConsentText, answer=invites.ConsentTextView),
    _staff("GET", f"{_OF}/consent", _MANAGER, "Read the texts that people agree to", invites.consent,
           query=invites.ConsentQuery, answer=Listed[invites.ConsentTextView], scope="communities:read"),
    Route("POST", f"{_OF}/join", Who.PUBLIC, "Ask to be in, by an invite", joining.ask,
          body=joining.Asking, answer=joining.StepView, status=202),
    Route("POST", "/v1/join:confirm", Who.PUBLIC, "Confirm it: a member, and their token", joining.confirm,
          body=joining.Confirming, answer=joining.ArrivedView),
)  # fmt: skip

_POSTS = (
    _staff("POST", f"{_OF}/posts", _MANAGER, "Post to everybody who is in", posts.publish,
           scope="posts:write", **_new(bodies.NewPost, views.PostView, 202)),
    _staff("GET", f"{_OF}/posts", _AGENT, "List posts, newest first", posts.listed_of,
           query=PagingQuery, answer=Listed[views.PostBrief], scope="posts:read"),
    _staff("GET", "/v1/posts/{id}", _AGENT, "Read a post and what became of it", posts.read,
           answer=views.PostView, scope="posts:read"),
    _staff("GET", "/v1/posts/{id}/deliveries", _MANAGER, "List a post's deliveries", posts.deliveries,
           query=bodies.DeliveriesQuery, answer=Listed[views.DeliveryRow], scope="posts:read"),
    _staff("POST", "/v1/posts/{id}:cancel", _MANAGER, "Cancel what has not left yet", posts.cancel,
           body=Nothing, answer=views.PostView, scope="posts:write"),
)  # fmt: skip

_THREADS = (
    _staff("GET", f"{_OF}/threads", _AGENT, "List threads, newest activity first", threads.listed_of,
           query=bodies.ThreadsQuery, answer=Listed[desk.ThreadView], scope="threads:read"),
    _staff("GET", "/v1/threads/{id}", _AGENT, "Read a thread", threads.read, answer=desk.ThreadView, scope="threads:read"),
    _staff("GET", "/v1/threads/{id}/messages", _AGENT, "Read what was said in a thread", threads.messages,
           query=PagingQuery, answer=Listed[desk.MessageView], scope="threads:read"),
    _staff("POST", "/v1/threads/{id}/messages", _AGENT, "Answer in a thread, or leave a note", threads.say,
           scope="threads:write", **_new(bodies.NewMessage, desk.MessageView, 202)),
    _staff("PATCH", "/v1/threads/{id}", _AGENT, "Change a thread", threads.edit,
           body=bodies.ThreadEditBody, answer=desk.ThreadView, scope="threads:write"),
    _staff("POST", "/v1/threads/{id}/lease", _AGENT, "Say that you are answering", threads.take,
           body=Nothing, answer=desk.LeaseView, scope="threads:write"),
    _staff("DELETE", "/v1/threads/{id}/lease", _AGENT, "Say that you are not answering any more", threads.free,
           status=204, scope="threads:write"),
)  # fmt: skip

_CASES = (
    _staff("GET", f"{_OF}/cases", _MODERATOR, "List cases, oldest first", cases.listed_of,
           query=bodies.CasesQuery, answer=Listed[desk.CaseView], scope="cases:read"),
    _staff("GET", f"{_OF}/clusters", _MODERATOR, "List open cases with nearly the same text, those that wait longest",
           cases.clusters_of, query=PagingQuery, answer=Listed[cases.ClusterView], scope="cases:read"),
    _staff("GET", "/v1/cases/{id}", _MODERATOR, "Read a case", cases.read, answer=desk.CaseView, scope="cases:read"),
    _staff("POST", "/v1/cases/{id}:decide", _MODERATOR, "Decide a case", cases.decide,
           scope="cases:write", **_new(bodies.Decide, desk.Decided, 200)),
    _staff("GET", "/v1/members/{id}/measures", _MODERATOR, "See what stands against a member", measures.against,
           answer=measures.AgainstView, scope="cases:read"),
    _staff("POST", "/v1/members/{id}/measures", _MODERATOR, "Impose a measure on a member, for a time", measures.impose,
           scope="cases:write", **_new(measures.NewMeasure, measures.MeasureView)),
    _staff("GET", "/v1/members/{id}/shadow", _MODERATOR, "Read what shadow mode keeps out of the inbox", measures.kept_of,
           query=PagingQuery, answer=Listed[measures.KeptView], scope="cases:read"),
    _staff("GET", f"{_OF}/measures", _MODERATOR, "List bans that are proposed, oldest first", measures.proposed,
           query=PagingQuery, answer=Listed[measures.ProposalView], scope="cases:read"),
    _staff("GET", f"{_OF}/objections", _MODERATOR, "List measures that their members object to", measures.objected,
           query=PagingQuery, answer=Listed[measures.ObjectionView], scope="cases:read"),
    _staff("POST", "/v1/measures/{id}:answer", _MODERATOR, "Decide about an objection, as another person", measures.answer,
           scope="cases:write", **_new(measures.AnswerBody, measures.MeasureView, 200)),
    _staff("POST", "/v1/measures/{id}:confirm", _MODERATOR, "Impose a proposed ban", measures.confirm,
           scope="cases:write", **_new(measures.Confirm, measures.MeasureView, 200)),
    _staff("POST", "/v1/measures/{id}:dismiss", _MODERATOR, "Let a proposed ban come to nothing", measures.dismiss,
           body=Nothing, answer=measures.MeasureView, scope="cases:write"),
    _staff("POST", "/v1/measures/{id}:lift", _MODERATOR, "End a measure before its time", measures.lift,
           body=Nothing, answer=measures.MeasureView, scope="cases:write"),
)  # fmt: skip

_PEOPLE = (
    _staff("POST", "/v1/staff", _OWNER, "Take somebody on", people.hire,
           **_new(entering.NewStaff, entering.HiredView, secret=("token", "link"))),
    _staff("GET", "/v1/staff", _OWNER, "List staff", people.all_staff,
           query=PagingQuery, answer=Listed[desk.StaffView]),
    _staff("GET", "/v1/colleagues", _DESK, "Know colleagues by name", people.colleagues,
           query=PagingQuery, answer=Listed[people.ColleagueView]),
    _staff("DELETE", "/v1/staff/{id}", _OWNER, "End a person's access; keys they issued stay the company's", people.dismiss,
           status=204),
    _staff("POST", "/v1/staff/{id}/tokens", _OWNER, "Give a person a new token instead of theirs", people.renew,
           **_new(Nothing, desk.Credential, secret=("token",))),
    _staff("POST", "/v1/staff/{id}/links", _OWNER, "Make a one-time link to a new passphrase", people.link,
           **_new(Nothing, entering.NewLinkView, secret=("link",))),
    _staff("POST", "/v1/keys", _OWNER, "Issue a key for a company system", people.issue,
           **_new(bodies.NewKey, desk.Credential, secret=("token",))),
    _staff("GET", "/v1/keys", _OWNER, "List keys", people.all_keys,
           query=PagingQuery, answer=Listed[desk.KeyView]),
    _staff("DELETE", "/v1/keys/{id}", _OWNER, "Revoke a key", people.revoke, status=204),
    _staff("GET", "/v1/audit", _AUDITOR, "Read the audit log, newest first", people.audit,
           query=PagingQuery, answer=Listed[desk.AuditView]),
    _staff("GET", "/v1/staff/stream", _DESK, "WebSocket: what was committed, as it happens", public.staff_stream,
           kind="socket", status=101, scope="threads:read"),
)  # fmt: skip

_SIGN_IN = (
    _entrance("/v1/sign-in", "Sign in by name and passphrase", sign_in.enter, entering.ByPassphrase, entering.SessionView),
    _entrance("/v1/sign-in:look", "See whose a one-time link is, without using it up", sign_in.look,
              entering.OnlyLink, entering.LinkView),
    _entrance("/v1/sign-in:link", "Sign in by a one-time link, and set a passphrase", sign_in.arrive,
              entering.ByLink, entering.SessionView),
    _self("GET", "/v1/session", "See as whom you are signed in", sign_in.read, answer=entering.SessionView),
    _self("DELETE", "/v1/session", "Sign out", sign_in.leave, status=204),
    _self("POST", "/v1/session/passphrase", "Change your passphrase; your other sessions end", sign_in.change,
          body=entering.NewPassphrase, answer=entering.SessionView),
    _self("GET", "/v1/sessions", "List the browsers you are signed in with", sign_in.all_sessions,
          query=PagingQuery, answer=Listed[entering.SessionRow]),
    _self("DELETE", "/v1/sessions/{id}", "End one of your sessions", sign_in.revoke, status=204),
)  # fmt: skip

_ME = (
    _own("GET", "/v1/me", "Read yourself", me.read, answer=desk.Me),
    _own("GET", "/v1/me/items", "Read your stream by polling", me.items,
         query=ItemsQuery, answer=Listed[desk.ItemFrame]),
    _own("POST", "/v1/me/messages", "Write to the team", me.say, **_new(Reply, desk.Stored, 202)),
    _own("POST", "/v1/me/ack", "Everything up to seq arrived", me.ack, body=UpTo, status=204),
    _own("POST", "/v1/me/read", "Everything up to seq was shown", me.seen, body=UpTo, status=204),
    _own("POST", "/v1/me/press", "Press an answer button", me.press, body=PressBody, status=204),
    _own("POST", "/v1/me/appeals", "Ask that another person looks", me.appeal, **_new(NewAppeal, desk.Appealed, 202)),
    _own("GET", "/v1/me/measures", "See which measures hold for you, and until when", measures.own,
         query=PagingQuery, answer=Listed[measures.OwnMeasure]),
    _own("POST", "/v1/me/pause", "Get no posts until then; they wait", joining.pause,
         body=joining.PauseBody, answer=joining.PausedView),
    _own("POST", "/v1/me/leave", "Get no more posts", me.leave, body=Nothing, status=204),
    _own("GET", "/v1/me/export", "Get everything of yours", me.export, answer=dict[str, Any]),
    _own("DELETE", "/v1/me", "Erase everything of yours", me.erase, status=204),
    _own("GET", "/v1/me/stream", "WebSocket: your stream", public.members_stream, kind="socket", status=101),
)  # fmt: skip

_PAGES = (
    _page("/", "What this is", public.home),
    _page("/console", "Where staff work, in the browser", public.console),
    Route("GET", "/assets/{area}/{file}", Who.PUBLIC, "A file of the pages", public.asset, kind="asset", media="*/*"),
    _page("/docs", "This reference", public.reference),
    _page("/docs/mqtt", "The frames of the streams, and MQTT", public.streams),
    _page("/docs/errors", "What each problem means", public.errors),
    _page("/docs/style.css", "How the pages look", public.style, "text/css"),
    _page("/openapi.json", "This reference for machines, OpenAPI 3.1", public.openapi, "application/json"),
    _page("/asyncapi.json", "The frames for machines, AsyncAPI 3", public.asyncapi, "application/json"),
    _page("/healthz", "Whether the relay is alive", public.healthz, "text/plain"),
    _page("/readyz", "Whether the relay takes requests", public.readyz, "text/plain"),
    _page("/metrics", "Prometheus; own token, or loopback only", public.metrics, "text/plain"),
)

ROUTES: Final[tuple[Route, ...]] = (
    *_COMMUNITIES, *_MEMBERS, *_JOINING, *_POSTS, *_THREADS, *_CASES, *_PEOPLE, *_SIGN_IN, *_ME, *MEMBER_PAGES, *_PAGES,
)  # fmt: skip
