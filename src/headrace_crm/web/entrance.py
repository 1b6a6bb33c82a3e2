"""Who may see and do what in the CRM's pages."""

from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from headrace.console import Authenticate, Principal, Problem, ProblemError, Role


class Entrance:
    """Finds who asks, and sends those who have to log in to where they can."""

    def __init__(self, authenticate: Authenticate) -> None:
        self._authenticate = authenticate

    async def require(self, request: Request, role: Role) -> Principal:
        """Who asks, with this role on mail. Raises ProblemError (403), and LogInNeededError for somebody unknown."""
        principal = await self._authenticate(request)
        if principal is None:
            raise LogInNeededError(request)
        if not principal.may(role):
            raise ProblemError(Problem(403, f"this needs the role {role}, {principal.name} has {principal.role}"))
        if not principal.may(role, "subjects"):
            raise ProblemError(Problem(403, f"{principal.name} may not link mail; the scope subjects allows it"))
        return principal


class LogInNeededError(ProblemError):
    """Somebody who is not known asks for a page."""

    def __init__(self, request: Request) -> None:
        super().__init__(Problem(401, "log in, or send a token: Authorization: Bearer hr_..."))
        root = request.scope.get("root_path", "")
        wanted = request.url.path + (f"?{request.url.query}" if request.url.query else "")
        self.target = f"{root}/login?next={quote(wanted, safe='')}"


async def answer_problem(request: Request, error: Exception) -> Response:
    """The response to a ProblemError: to the log-in for a browser that has to, the problem itself for all else."""
    if isinstance(error, LogInNeededError) and request.method == "GET" and "authorization" not in request.headers:
        return RedirectResponse(error.target, status_code=303)
    if isinstance(error, ProblemError):
        return error.problem.response()
    raise error
