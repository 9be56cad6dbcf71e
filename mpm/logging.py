"""Log lines as JSON: a constant event name, facts as fields, company and request id added."""

import json
import logging
import re
from typing import Any

from django.db import connection

from common.http import current_request_id

# Whoever knows the key in a webhook's address may call it.
_WEBHOOK_KEY = re.compile(r"(/webhooks/(?:sms/)?[\w-]+/)[\w-]{16,}")
_PLAIN = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}


class FactsFilter(logging.Filter):
    """Adds the company's schema and the request id."""

    def filter(self, record: logging.LogRecord) -> bool:
        record.company = getattr(connection, "schema_name", "")
        record.request_id = current_request_id()
        return True


class JsonFormatter(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "at": self.formatTime(record, "%Y-%m-%dT%H:%M:%S%z"),
            "level": record.levelname,
            "logger": record.name,
            "event": record.getMessage(),
        }
        line |= {k: v for k, v in vars(record).items() if k not in _PLAIN and k != "request"}
        if record.exc_info:
            line["traceback"] = self.formatException(record.exc_info)
        return _WEBHOOK_KEY.sub(r"\1••••", json.dumps(line, default=str, ensure_ascii=False))
