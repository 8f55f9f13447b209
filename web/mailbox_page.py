"""The demo's mailbox: what was delivered on this machine, shown without running any of it."""

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from config.words import Text
from models.errors import NotFound
from notifications.mailbox import Mail, read_mail, read_mails
from web.access import Policy
from web.routes import get_page
from web.security import MAIL_POLICY
from web.site import PER_PAGE, Paging, Site, page_number

NO_MAILBOX = Text("No mails are delivered on this machine.", "本机没有投递邮件。")


def pages(site: Site) -> APIRouter:
    """Make the routes."""
    router = APIRouter()

    @get_page(router, "/mailbox", policy=Policy.DEMO)
    def mailbox(request: Request) -> Response:
        _require_mailbox(site)
        reader, number = site.reader(request), page_number(request)
        found = read_mails(site.mailbox, limit=PER_PAGE + 1, offset=Paging.offset(number))
        has_more = len(found) > PER_PAGE
        return site.page(reader, "mailbox.html.j2", mails=found[:PER_PAGE], number=number, has_more=has_more)

    @get_page(router, "/mailbox/{mail_id}", policy=Policy.DEMO)
    def mail(request: Request, mail_id: str) -> Response:
        return site.page(site.reader(request), "mail.html.j2", mail=_get(site, mail_id))

    @get_page(router, "/mailbox/{mail_id}/html", policy=Policy.DEMO)
    def mail_html(mail_id: str) -> Response:
        return HTMLResponse(_get(site, mail_id).html or "", headers={"Content-Security-Policy": MAIL_POLICY})

    return router


def _require_mailbox(site: Site) -> None:
    if not site.mailbox.is_dir():
        raise NotFound(noun=Text("mailbox", "邮箱"), name=site.mailbox.name, mend=NO_MAILBOX)


def _get(site: Site, mail_id: str) -> Mail:
    _require_mailbox(site)
    found = read_mail(site.mailbox, mail_id)
    if found is None:
        mend = Text("It may have been deleted.", "可能已被删除。")
        raise NotFound(noun=Text("mail", "邮件"), name=mail_id[:40], mend=mend)
    return found
