"""All settings, from the environment, with defaults that work on a developer's machine.

Server facts come from the environment (or a file named by ``NAME_FILE``), company choices live in the database,
vendor credentials live encrypted on connections. What is missing or nonsensical stops the start with a sentence.
"""

import os
import sys
from pathlib import Path

import environ
from django.core.exceptions import ImproperlyConfigured
from kombu import Queue

from mpm import embedded
from mpm.database import needs_owner
from mpm.guards import (
    days,
    fernet_keys,
    host_name,
    hours,
    make_defective,
    no_crashing,
    proxies,
    redis_url,
    scheme,
)

BASE_DIR = Path(__file__).resolve().parent.parent
env = environ.FileAwareEnv()
if (BASE_DIR / ".env").exists():
    env.read_env(BASE_DIR / ".env")

DEBUG = env.bool("DEBUG", default=False)
IS_DEVELOPMENT = env.bool("DEVELOPMENT", default="DATABASE_URL" not in os.environ)
no_crashing(env.str("MPM_CRASH_AT", default=""), is_development=IS_DEVELOPMENT)
make_defective(env.str("MPM_DEFECT", default=""), is_development=IS_DEVELOPMENT)
LOCAL_DIR = Path(env.str("MPM_LOCAL_DIR", default=str(BASE_DIR / ".local")))

# In development the keys are made once and kept below .local; in production they must be given.
_made = embedded.development_secrets(LOCAL_DIR) if IS_DEVELOPMENT else {}


def _required(name: str) -> str:
    value: str = env.str(name, default=_made.get(name, ""))
    if not value:
        raise ImproperlyConfigured(f"{name} is not set. See .env.example for what it holds.")
    return value


SECRET_KEY = _required("SECRET_KEY")
FIELD_KEYS = fernet_keys(_required("FIELD_KEYS"))
PUBLIC_HOST = host_name(env.str("PUBLIC_HOST", default="localhost"))
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=[PUBLIC_HOST, f".{PUBLIC_HOST}", "127.0.0.1"])
PORT = env.int("PORT", default=8000)
# How people reach the installation; webhook addresses are built from it.
PUBLIC_SCHEME = scheme(env.str("PUBLIC_SCHEME", default="http" if IS_DEVELOPMENT else "https"))
PUBLIC_PORT = env.str("PUBLIC_PORT", default=str(PORT) if IS_DEVELOPMENT else "")
# The pretend vendors and phones, linked from the navigation where they run.
SANDBOX_URL = env.str("SANDBOX_URL", default="")
# Number of proxies in front whose X-Forwarded-For entry may be believed; 0 takes the peer's address.
TRUSTED_PROXIES = proxies(env.int("TRUSTED_PROXIES", default=0))

# Ours goes first: its migrate_schemas also gives the application's role its rights.
SHARED_APPS = ["tenants", "django_tenants", "django.contrib.contenttypes"]
TENANT_APPS = [
    "django.contrib.contenttypes",
    "django.contrib.auth",
    "django.contrib.sessions",
    "django.contrib.messages",
    "accounts",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "plugins",
    "messaging",
    "ledger",
    "locations",
    "customers",
    "devices",
    "appliances",
    "vending",
    "payments",
    "reports",
    "desk",
    "watch",
    "onboarding",
]
INSTALLED_APPS = [
    *SHARED_APPS,
    *(app for app in TENANT_APPS if app not in SHARED_APPS),
    "common",
    "mpm",
    "mpm.static_files.CollectedStaticFiles",
    "bootstrap",
    "leaflet",
    "django_htmx",
    "django_filters",
]
TENANT_MODEL = "tenants.Company"
TENANT_DOMAIN_MODEL = "tenants.Domain"
# The default re-sends SET search_path before every query.
TENANT_LIMIT_SET_CALLS = True
PUBLIC_SCHEMA_NAME = "public"
PUBLIC_SCHEMA_URLCONF = "mpm.urls_public"
ROOT_URLCONF = "mpm.urls"
WSGI_APPLICATION = "mpm.wsgi.application"

MIDDLEWARE = [
    "common.http.HealthMiddleware",
    "tenants.health.WorkHealthMiddleware",
    "common.http.BodyLimitMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "common.http.RequestIdMiddleware",
    "tenants.middleware.CompanyMiddleware",
    "tenants.middleware.MachineDoorMiddleware",
    "common.http.PolicyMiddleware",
    "django.middleware.gzip.GZipMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "accounts.middleware.LanguageMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "accounts.middleware.SessionLimitMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "desk.context.shell",
            ],
            "builtins": ["common.templatetags.mpm"],
        },
    }
]

if "DATABASE_URL" not in os.environ:
    raise ImproperlyConfigured(
        "DATABASE_URL is not set. Start through manage.py or make, or name your PostgreSQL server."
    )
DATABASE_APPLICATION = env.db("DATABASE_URL")
# The owner of the tables, for the commands that make them. Web server and workers do not know it.
DATABASE_OWNER_URL = env.str("DATABASE_OWNER_URL", default="")
IS_OWNER = bool(DATABASE_OWNER_URL) and needs_owner(sys.argv)
DATABASES = {
    "default": {
        **(env.db("DATABASE_OWNER_URL") if IS_OWNER else DATABASE_APPLICATION),
        "ENGINE": "django_tenants.postgresql_backend",
        "CONN_MAX_AGE": env.int("DATABASE_CONN_MAX_AGE", default=60),
        "CONN_HEALTH_CHECKS": True,
        "TEST": {"NAME": f"test_mpm{env.str('TEST_DB_SUFFIX', default='')}"},
        "DISABLE_SERVER_SIDE_CURSORS": False,
        "OPTIONS": {
            "connect_timeout": 5,
            "options": "-c lock_timeout=5s -c statement_timeout=30s"
            " -c idle_in_transaction_session_timeout=30s",
        },
    }
}
DATABASE_ROUTERS = ["django_tenants.routers.TenantSyncRouter"]
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

REDIS_URL = redis_url(env.str("REDIS_URL", default=""))
CACHES = {
    "default": {
        "BACKEND": "common.cache.QuietRedisCache",
        "LOCATION": REDIS_URL,
        "KEY_FUNCTION": "django_tenants.cache.make_key",
        "REVERSE_KEY_FUNCTION": "django_tenants.cache.reverse_key",
        "OPTIONS": {"socket_timeout": 0.2, "socket_connect_timeout": 0.2},
    }
}

# How long what nobody looks at any more is kept; a daily task forgets the rest.
KEEP_EXCHANGES = days("KEEP_EXCHANGES_DAYS", env.int("KEEP_EXCHANGES_DAYS", default=90))
KEEP_REPORTS = days("KEEP_REPORTS_DAYS", env.int("KEEP_REPORTS_DAYS", default=7))
KEEP_STATEMENT_FILES = days(
    "KEEP_STATEMENT_FILES_DAYS", env.int("KEEP_STATEMENT_FILES_DAYS", default=90)
)
KEEP_FORM_KEYS = days("KEEP_FORM_KEYS_DAYS", env.int("KEEP_FORM_KEYS_DAYS", default=7))

KEEP_SIGN_UPS = days("KEEP_SIGN_UPS_DAYS", env.int("KEEP_SIGN_UPS_DAYS", default=7))
# Whether strangers may make companies on the public host.
SIGN_UP_IS_OPEN = env.bool("SIGN_UP", default=True)

AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {
        "NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
        "OPTIONS": {"min_length": 10},
    },
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LOGIN_REDIRECT_URL = "/"
LOGIN_URL = "account_login"
ACCOUNT_ADAPTER = "accounts.adapter.CompanyAccountAdapter"
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_LOGOUT_ON_GET = False
ACCOUNT_PREVENT_ENUMERATION = True
# There is nothing to sign up for, so nobody is written to who is unknown here.
ACCOUNT_EMAIL_UNKNOWN_ACCOUNTS = False
ACCOUNT_SESSION_REMEMBER = None
ACCOUNT_FORMS = {
    "login": "accounts.forms.own.LogIn",
    "reauthenticate": "accounts.forms.own.Reauthenticate",
    "change_password": "accounts.forms.own.ChangePassword",
    "reset_password_from_key": "accounts.forms.own.ChooseNewPassword",
}
MFA_ADAPTER = "accounts.adapter.CompanyMFAAdapter"
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]

SESSION_COOKIE_NAME = "mpm_session"
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
# A log-in ends after so many hours without a click, and at the latest after the age of its cookie.
SESSION_IDLE_SECONDS = hours("SESSION_IDLE_HOURS", env.int("SESSION_IDLE_HOURS", default=12))
SESSION_COOKIE_AGE = 14 * 24 * 3600
CSRF_COOKIE_SAMESITE = "Lax"
CSRF_FAILURE_VIEW = "desk.views.csrf_failure"
IS_HTTPS = PUBLIC_SCHEME == "https"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = IS_HTTPS
SECURE_SSL_REDIRECT = env.bool("SSL_REDIRECT", default=IS_HTTPS)
SECURE_REDIRECT_EXEMPT = [r"^healthz$"]
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if TRUSTED_PROXIES else None
SECURE_HSTS_SECONDS = env.int("HSTS_SECONDS", default=31_536_000 if IS_HTTPS else 0)
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = IS_HTTPS
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
DATA_UPLOAD_MAX_MEMORY_SIZE = 2 * 1024 * 1024

USE_TZ = True
TIME_ZONE = "UTC"
LANGUAGE_CODE = "en"
LANGUAGES = [("en", "English"), ("fr", "Français"), ("pt", "Português"), ("sw", "Kiswahili")]
LOCALE_PATHS = [BASE_DIR / "locale"]
APPEND_SLASH = True

STATIC_URL = "static/"
STATIC_ROOT = Path(env.str("STATIC_ROOT", default=str(LOCAL_DIR / "static")))
STATICFILES_DIRS = [BASE_DIR / "static"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if DEBUG or "pytest" in sys.modules
        else "whitenoise.storage.CompressedManifestStaticFilesStorage"
    },
}
# Pages ask for hashed names only; nobody downloads a source map.
WHITENOISE_KEEP_ONLY_HASHED_FILES = True
WHITENOISE_SKIP_COMPRESS_EXTENSIONS = ("map", "png", "jpg", "webp", "woff", "woff2", "gz", "br")
WHITENOISE_USE_FINDERS = DEBUG or "pytest" in sys.modules

EMAIL_CONFIG = env.email("EMAIL_URL", default="consolemail://")
vars().update(EMAIL_CONFIG)
EMAIL_TIMEOUT = 20  # seconds
DEFAULT_FROM_EMAIL = env.str("EMAIL_FROM", default=f"MicroPowerManager <no-reply@{PUBLIC_HOST}>")

CELERY_BROKER_URL = REDIS_URL
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_TASK_ACKS_ON_FAILURE_OR_TIMEOUT = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_TASK_TIME_LIMIT = 300
CELERY_VISIBILITY_TIMEOUT = 400
# Workers take from all queues in turn: the sweeper is never behind a backlog, nor is a company behind another's
# (common/queue.py spreads them; two in one queue meet again nowhere else, and a queue nobody uses costs nothing).
COMPANY_QUEUES = [f"line{number}" for number in range(32)]
CELERY_TASK_QUEUES = [
    Queue(name, routing_key=name) for name in ("celery", "sweeps", "companies", *COMPANY_QUEUES)
]
CELERY_TASK_ROUTES = {
    "tenants.tasks.*": {"queue": "sweeps"},
    "onboarding.tasks.make_company": {"queue": "companies"},
}
# A worker or beat waits for the broker for as long as it is away.
CELERY_BROKER_CONNECTION_MAX_RETRIES = None
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_WORKER_SEND_TASK_EVENTS = False
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "queue_order_strategy": "round_robin",
    "priority_steps": [
        0
    ],  # nothing has a priority; each step would be one more list per queue to look into
    "visibility_timeout": 400,
    "unacked_restore_interval": 5,
    "unacked_restore_throttle": 1,
    "socket_timeout": 30,
    "socket_connect_timeout": 5,
    "socket_keepalive": True,
    "health_check_interval": 15,
}

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "filters": {"facts": {"()": "mpm.logging.FactsFilter"}},
    "formatters": {"json": {"()": "mpm.logging.JsonFormatter"}},
    "handlers": {
        "console": {"class": "logging.StreamHandler", "filters": ["facts"], "formatter": "json"}
    },
    "root": {"handlers": ["console"], "level": env.str("LOG_LEVEL", default="INFO")},
    "loggers": {"django.server": {"level": "WARNING"}, "django.request": {"level": "ERROR"}},
}
SILENCED_SYSTEM_CHECKS: list[str] = []
