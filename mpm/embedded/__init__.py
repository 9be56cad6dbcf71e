"""PostgreSQL and Redis without an installation: started when needed, stopped when unused.

The servers are the binaries of two wheels; the supervision is ours. Each service has one folder
below `.local/` and one small supervisor process. Nothing here imports Django, so that starting a
database never depends on settings that need a database.

Locks of the kernel carry all the state, because it gives them back when a process is killed:

    users.lock       shared by every process that uses the service; free means: stop it
    supervisor.lock  held by the one supervisor while it lives
    server.lock      inherited by the server and all its children; free means: really gone
    ready.lock       held by the supervisor while the server answers
"""

from .client import Services, Status, ensure, status, stop
from .errors import EmbeddedError
from .given import local_folder
from .made_secrets import development_secrets

__all__ = [
    "EmbeddedError",
    "Services",
    "Status",
    "development_secrets",
    "ensure",
    "local_folder",
    "status",
    "stop",
]
