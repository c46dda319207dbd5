"""E-mail and whatever else the Apprise library speaks, by an Apprise URL (https://github.com/caronc/apprise/wiki).

Of Chinese services it has, among others, ServerChan (schan), PushPlus (pushplus), PushDeer (pushdeer), WxPusher
(wxpusher), Bark (bark), QQ (qq) and WeCom applications (wechat). Its group robots are not used: see `robot`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from onemap.core.errors import BadInput
from onemap.warnings.sending.adapter import Adapter, Answer, Letter, Way
from onemap.warnings.sending.post import ANSWER_S, Post

if TYPE_CHECKING:
    from apprise import NotifyBase

#: They end at the machine the worker runs on: nobody reads them there.
LOCAL = frozenset({"syslog", "dbus", "glib", "kde", "qt", "gnome", "macosx", "windows"})
MAIL = frozenset({"mailto", "mailtos"})
#: Apprise does not look into these services' answers, which say in their body whether the message was taken.
ROBOTS = frozenset({"dingtalk", "wecombot", "feishu", "lark"})
_OK = 200


def check(way: Way) -> None:
    """Whether Apprise can read the URL, and sends it away from here. Raises BadInput (reason "url")."""
    scheme = way.url.partition("://")[0].lower()
    if scheme in LOCAL:
        raise BadInput(f"{scheme}:// stays on this machine.", reason="url")
    if scheme in ROBOTS:
        raise BadInput("A group robot is a channel of its own kind: dingtalk, wecom or feishu.", reason="url")
    if way.kind == "email" and scheme not in MAIL:
        raise BadInput("An e-mail channel has a mailto:// or mailtos:// URL.", reason="url")
    if _service(way.url) is None:
        raise BadInput("Apprise does not know such a URL.", reason="url")


def shown(url: str) -> str:
    """The scheme, and the host of a mail server: anything else may be a token."""
    scheme, _, rest = url.partition("://")
    host = rest.partition("?")[0].partition("/")[0].rpartition("@")[2]
    return f"{scheme}://{host}/…" if scheme.lower() in MAIL else f"{scheme}://…"


def send(way: Way, letter: Letter, post: Post) -> Answer:
    """Send by the service's own protocol. Apprise tells yes or no, so every failure is one to try again."""
    from apprise import Apprise, NotifyFormat

    service = _service(way.url)
    if service is None:
        return Answer(0, "Apprise does not know such a URL.", refused=True)
    sender = Apprise()
    sender.add(service)
    told = sender.notify(
        body=letter.text, title=letter.title, body_format=NotifyFormat.TEXT, timeout=ANSWER_S, interpret_escapes=False
    )
    if told:
        return Answer(_OK)
    lines = [entry.message for one in told for attempt in one.attempts for entry in attempt.logs]
    return Answer(0, (lines[-1] if lines else "Apprise could not send it.")[:300])


def _service(url: str) -> NotifyBase | None:
    from apprise import Apprise, AppriseAsset

    asset = AppriseAsset(http_redirects=False, secure_logging=True, app_id="onemap", app_desc="one map", app_url="")
    service = Apprise.instantiate(url, asset=asset)
    if service is not None:
        service.redirects = False  # a URL may ask for them; alerts are not sent elsewhere
    return service


ADAPTER = Adapter(("email", "apprise"), check, shown, send)
