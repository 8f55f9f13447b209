"""The lists behind the numbers: tasks, messages."""

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from models.notification import DeliveryStatus
from models.queries import MessageFilter, TaskFilter, list_notifications, list_tasks
from models.task import TaskStatus
from web.access import Policy, who
from web.home_page import one_of
from web.routes import get_page
from web.site import PER_PAGE, Paging, Site, page_number


def pages(site: Site) -> APIRouter:
    """Make the routes."""
    router = APIRouter()

    @get_page(router, "/tasks", policy=Policy.READER)
    def tasks(request: Request) -> Response:
        return _tasks(site, request)

    @get_page(router, "/messages", policy=Policy.READER)
    def messages(request: Request) -> Response:
        return _messages(site, request)

    return router


def _tasks(site: Site, request: Request) -> Response:
    reader, number, asked = site.reader(request), page_number(request), request.query_params
    show = asked.get("show", "open")
    wanted = TaskFilter(one_of(TaskStatus, show), show == "overdue", asked.get("person") or None)
    with site.reading(request) as session:
        found = list_tasks(session, wanted, now=reader.now, limit=PER_PAGE, offset=Paging.offset(number))
    paging = Paging.of(found.n_all, number)
    return site.page(reader, "tasks.html.j2", tasks=found, show=show, person=wanted.person, paging=paging)


def _messages(site: Site, request: Request) -> Response:
    reader, number, asked = site.reader(request), page_number(request), request.query_params
    show, cycle, task, person = (asked.get(name, "") for name in ("show", "cycle", "task", "person"))
    status = one_of(DeliveryStatus, show)
    wanted = MessageFilter(cycle, task, person, status, untold=show == "untold")
    with site.reading(request) as session:
        found = list_notifications(session, wanted, limit=PER_PAGE, offset=Paging.offset(number))
    paging = Paging.of(found.n_all, number)
    about = cycle or task.partition("/")[0]
    return site.page(
        reader,
        "messages.html.j2",
        messages=found,
        show=show,
        about=about,
        task=task,
        paging=paging,
        office=who(request).is_office,
    )
