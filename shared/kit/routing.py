"""The one way this house declares an HTTP route.

`Route` does, in this order and before the endpoint: decide the permission, draw on the budgets, refuse query
parameters nobody declared, answer a repeated idempotent request from memory. `undeclared` finds every route of
an application that does not declare exactly one permission decision, wherever it hides.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Coroutine, Iterable, Iterator
from inspect import isasyncgenfunction, iscoroutinefunction, isroutine
from typing import Annotated, Any, Final, get_args, get_origin

from fastapi import APIRouter, FastAPI
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute, APIWebSocketRoute, iter_route_contexts
from pydantic import BaseModel
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Host, Mount, WebSocketRoute

from shared.kit.audit import Look, Origin, originating
from shared.kit.bodies import RequestModel
from shared.kit.edge import template
from shared.kit.limits import EVERY_REQUEST, DeclaredBudget, budgets_in
from shared.kit.permissions import Decision, decisions_in
from shared.kit.problems import FieldError, Problem
from shared.kit.transactions import open_reading, open_work
from shared.kit.work import UnitOfWork

__all__ = ["Answerer", "RequestModel", "Route", "Router", "UndeclaredRoute", "open_reading", "open_work", "undeclared"]

Answer = Callable[[Request], Coroutine[Any, Any, Response]]

_SEQUENCES: Final = frozenset({list, set, frozenset, tuple})


class BodyAcceptsUnknownFields(TypeError):
    """A route takes a body model that would ignore unknown fields; use RequestModel."""


class TakesAThread(TypeError):
    """A route or something it depends on is no coroutine: the framework would hand every call to another thread."""


class UndeclaredRoute(Exception):
    """Routes without exactly one permission decision; the service must not start. `paths` lists them."""

    def __init__(self, paths: Iterable[str]) -> None:
        self.paths = tuple(paths)
        super().__init__("no permission decision: " + ", ".join(self.paths))


class AuditIsMissing(Exception):
    """A route whose permission is about persons answered without an audit entry; names the route."""


class Answerer(ABC):
    """A dependency that answers for a route: sees the finished response inside the transaction that made it."""

    class Answered(Exception):
        """The answer is known already; the endpoint must not run."""

        def __init__(self, response: Response) -> None:
            self.response = response

    @abstractmethod
    async def __call__(self, *args: Any, **kwargs: Any) -> str:
        """As a dependency of the route: may raise `Answered`."""

    @abstractmethod
    async def prepare(self, request: Request) -> None:
        """Before the framework reads the request."""

    @abstractmethod
    async def keep(self, request: Request, response: Response) -> None:
        """After the endpoint, before COMMIT."""


class Route(APIRoute):
    """A route that is closed by default and passes nothing over.

    FastAPI runs the handler inside the function-scoped exit stack: what is awaited here after the endpoint
    still happens inside the request's transaction, and the response is sent after its COMMIT.
    """

    @property
    def decision(self) -> Decision | None:
        """The one permission decision this route declares; None when it declares none or several."""
        decisions = list(decisions_in(self.dependant))
        return decisions[0] if len(decisions) == 1 else None

    @property
    def budgets(self) -> tuple[DeclaredBudget, ...]:
        """What this route draws on besides the ordinary budget of every request."""
        return tuple(budgets_in(self.dependant))

    def get_route_handler(self) -> Answer:
        """Wrap FastAPI's handler. Only a decision declared by the route itself counts: it is read where it is used."""
        answer, decision = super().get_route_handler(), self.decision
        answerer = next(_answerers_in(self.dependant), None)
        budgets = (EVERY_REQUEST, *self.budgets)
        query = _QueryParameters(self.dependant)
        for parameter in _flat(self.dependant, "body_params"):
            _refuse_open_models(parameter.field_info.annotation, self.path, set())
        _refuse_threads(self.dependant, self.path)

        async def answer_decided(request: Request) -> Response:
            origin: Origin = request.state.origin
            origin.route = template(request.scope)
            with originating(origin):
                return await answer_audited(request, origin)

        async def answer_audited(request: Request, origin: Origin) -> Response:
            await _decide(decision, request)
            for budget in budgets:
                await request.app.state.budgets.spend(budget, request)
            query.refuse_others(request)
            if answerer is not None:
                await answerer.prepare(request)
            try:
                response = await answer(request)
            except Answerer.Answered as known:
                origin.status = known.response.status_code
                _audit_replay(request)
                return known.response
            origin.status = response.status_code
            _refuse_unaudited(request, decision)
            if answerer is not None:
                await answerer.keep(request, response)
            return response

        return answer_decided


class Router(APIRouter):
    """An `APIRouter` whose routes are `Route`s and whose paths mean exactly what they say."""

    def __init__(self, *, prefix: str = "", tags: list[str] | None = None) -> None:
        super().__init__(prefix=prefix, tags=[*(tags or [])], route_class=Route, redirect_slashes=False)


def _refuse_unaudited(request: Request, decision: Decision | None) -> None:
    """A route of persons that tells the audit trail nothing is a fault of ours, and shows nothing."""
    if decision is None or decision.permission not in request.app.state.personal:
        return
    work: UnitOfWork | None = getattr(request.state, "work", None)
    if work is None or not work.audited:
        raise AuditIsMissing(request.state.origin.route)


def _audit_replay(request: Request) -> None:
    """An answer given again shows again what it showed.

    The unit of work that found the answer tells of it when it ends: a second connection beside the one it still holds
    would stop everything once as many repeat as there are connections.
    """
    work: UnitOfWork = request.state.work
    if request.app.state.works.auditor is not None:
        work.audit(Look(None, what="replayed"))


async def _decide(decision: Decision | None, request: Request) -> None:
    if decision is None:
        raise Problem("permission_not_decided")
    await decision(request)


def _answerers_in(dependant: Dependant) -> Iterator[Answerer]:
    for dependency in dependant.dependencies:
        if isinstance(dependency.call, Answerer):
            yield dependency.call
        yield from _answerers_in(dependency)


def _flat(dependant: Dependant, kind: str) -> Iterator[Any]:
    yield from getattr(dependant, kind)
    for dependency in dependant.dependencies:
        yield from _flat(dependency, kind)


def _refuse_threads(dependant: Dependant, path: str) -> None:
    called = dependant.call if isroutine(dependant.call) else getattr(dependant.call, "__call__", None)  # noqa: B004
    if not (iscoroutinefunction(called) or isasyncgenfunction(called)):
        raise TakesAThread(f"{path}: {dependant.call!r}")
    for dependency in dependant.dependencies:
        _refuse_threads(dependency, path)


class _QueryParameters:
    """The query parameters a route declares, to refuse all others and repeated single ones."""

    def __init__(self, dependant: Dependant) -> None:
        self.allowed: dict[str, bool] = {}
        for parameter in _flat(dependant, "query_params"):
            annotation = _bare(parameter.field_info.annotation)
            if isinstance(annotation, type) and issubclass(annotation, BaseModel):
                for name, field in annotation.model_fields.items():
                    self.allowed[field.alias or name] = _is_sequence(field.annotation)
            else:
                self.allowed[parameter.alias] = _is_sequence(annotation)

    def refuse_others(self, request: Request) -> None:
        """Raise 400 naming what is unknown (and what is allowed), or what is repeated; 422 for text with NUL."""
        if with_nul := sorted(name for name, value in request.path_params.items() if "\0" in str(value)):
            raise _contain_nul(with_nul, place="path")
        if not request.url.query:
            return
        given = [name for name, _ in request.query_params.multi_items()]
        if unknown := sorted({name[:64] for name in given if name not in self.allowed}):
            raise Problem("unknown_parameter", unknown=unknown, allowed=sorted(self.allowed) or "-")
        if repeated := sorted({name for name in given if given.count(name) > 1 and not self.allowed[name]}):
            raise Problem("repeated_parameter", repeated=repeated)
        if with_nul := sorted({name for name, value in request.query_params.multi_items() if "\0" in value}):
            raise _contain_nul(with_nul, place="query")


def _contain_nul(names: Iterable[str], *, place: str) -> Problem:
    errors = [
        FieldError("string_unicode", "含有无效字符", "contains invalid characters", parameter=name, place=place)
        for name in names
    ]
    return Problem("body_invalid", errors=errors, count=len(errors))


def _bare(annotation: Any) -> Any:
    """The type itself: without Annotated and without `| None`."""
    if get_origin(annotation) is Annotated:
        return _bare(get_args(annotation)[0])
    arms = [arm for arm in get_args(annotation) if arm is not type(None)]
    if type(None) in get_args(annotation) and len(arms) == 1:
        return _bare(arms[0])
    return annotation


def _is_sequence(annotation: Any) -> bool:
    bare = _bare(annotation)
    return bare in _SEQUENCES or get_origin(bare) in _SEQUENCES


def _refuse_open_models(annotation: Any, path: str, seen: set[type]) -> None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel) and annotation not in seen:
        seen.add(annotation)
        if annotation.model_config.get("extra") != "forbid":
            raise BodyAcceptsUnknownFields(f"{path}: {annotation.__name__}")
        for field in annotation.model_fields.values():
            _refuse_open_models(field.annotation, path, seen)
    for argument in get_args(annotation):
        _refuse_open_models(argument, path, seen)


# --- the walk ---------------------------------------------------------------------------------------------------


def undeclared(app: FastAPI) -> list[str]:
    """Every route of `app` that does not declare exactly one decision, as `METHOD path`, sorted.

    An included router is one opaque object in `app.routes` here, so the walk goes through the framework's
    own iterator. A plain route, a mount, a host, a page of documentation the framework adds, or a static
    front end cannot declare anything: they are always undeclared.
    """
    found = [
        _name(context.path, context.route) for context in iter_route_contexts(app.routes) if not _declares(context)
    ]
    found += [f"FRONTEND {getattr(route, 'path', route)}" for route in _frontends(app.router)]
    return sorted(found)


def refuse_undeclared(app: FastAPI) -> None:
    """Raise UndeclaredRoute, listing the paths, unless every route declares its permission."""
    if paths := undeclared(app):
        raise UndeclaredRoute(paths)


def _declares(context: Any) -> bool:
    route = context.original_route
    return isinstance(route, (Route, APIWebSocketRoute)) and len(list(decisions_in(route.dependant))) == 1


def _name(path: str | None, route: BaseRoute) -> str:
    match route:
        case Mount():
            kind = "MOUNT"
        case Host():
            return f"HOST {route.host}"
        case WebSocketRoute():
            kind = "WEBSOCKET"
        case _:
            kind = "/".join(sorted(getattr(route, "methods", None) or {type(route).__name__}))
    return f"{kind} {path}"


def _frontends(router: Any) -> Iterator[BaseRoute]:
    """Routes of `app.frontend(...)`, which the framework keeps apart from the others."""
    for group in getattr(router, "_low_priority_routes", ()):
        yield from getattr(group, "routes", [group])
    for route in router.routes:
        if (included := getattr(route, "original_router", None)) is not None:
            yield from _frontends(included)
