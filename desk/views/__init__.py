"""Pages that look into several rooms, one module a page, and the error pages."""

from desk.views.errors import bad_request, broken, csrf_failure, forbidden, not_found

__all__ = ["bad_request", "broken", "csrf_failure", "forbidden", "not_found"]
