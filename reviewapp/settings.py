"""Django settings. Every value that an operator may set is read from the environment here,
and described in docs/settings.md (a test holds the two together).
"""

import os
import secrets
from pathlib import Path
from urllib.parse import urlsplit

import dj_database_url
import django_stubs_ext

from reviewapp import embedded

django_stubs_ext.monkeypatch()


def envstr(name: str, default: str = "") -> str:
    return os.environ.get(name, "") or default


def envbool(name: str, default: bool) -> bool:
    value = os.environ.get(name, "").strip().lower()
    if value in ("", "1", "true", "yes", "on", "0", "false", "no", "off"):
        return default if value == "" else value in ("1", "true", "yes", "on")
    raise ValueError(f"{name} is {value!r}: write true or false")


def envint(name: str, default: int) -> int:
    value = os.environ.get(name, "")
    try:
        return int(value) if value else default
    except ValueError:
        raise ValueError(f"{name} is {value!r}: write a whole number") from None


BASE_DIR = Path(__file__).resolve().parent.parent
DATA_DIR = Path(envstr("CROSSCHECK_DATA", str(BASE_DIR / ".data")))


def secret_key() -> str:
    """From the environment, or one made at the first start and kept beside the data."""
    if key := envstr("CROSSCHECK_SECRET_KEY"):
        return key
    path = DATA_DIR / "secret_key"
    DATA_DIR.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(secrets.token_urlsafe(50))
    except FileExistsError:
        pass
    if not (key := path.read_text().strip()):
        path.unlink(missing_ok=True)  # half-made by an interrupted start
        return secret_key()
    return key


DATABASE_URL = envstr("DATABASE_URL")
REDIS_URL = envstr("REDIS_URL")
if not (DATABASE_URL and REDIS_URL):
    servers = embedded.start(DATA_DIR)
    DATABASE_URL = DATABASE_URL or servers.database_url
    REDIS_URL = REDIS_URL or servers.redis_url

PUBLIC_URL = envstr("CROSSCHECK_PUBLIC_URL", "http://127.0.0.1:8000")
DEBUG = envbool("CROSSCHECK_DEBUG", False)
SECRET_KEY = secret_key()
HTTPS = urlsplit(PUBLIC_URL).scheme == "https"
ALLOWED_HOSTS = [urlsplit(PUBLIC_URL).hostname or "", "127.0.0.1", "localhost", "[::1]"]
CSRF_TRUSTED_ORIGINS = [PUBLIC_URL]
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = HTTPS
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if HTTPS else None
SECURE_HSTS_SECONDS = 31_536_000 if HTTPS else 0
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
SESSION_COOKIE_NAME = "crosscheck_session"
CSRF_COOKIE_NAME = "crosscheck_csrf"

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "reviewapp.staticfiles.Files",
    "django_htmx",
    "template_partials",
    "allauth",
    "allauth.account",
    "csp",
    "rest_framework",
    "drf_spectacular",
    "taxonomy",
    "evals",
    "reviewapp",
]
MIDDLEWARE = [
    "reviewapp.middleware.ReadOn",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "reviewapp.middleware.SamePerson",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "reviewapp.middleware.Unstorable",
]
ROOT_URLCONF = "reviewapp.urls"
WSGI_APPLICATION = "reviewapp.wsgi.application"
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
            ],
            "builtins": ["template_partials.templatetags.partials", "reviewapp.templatetags.show"],
        },
    }
]

# A connection is looked at before it is used: after a restart of PostgreSQL those of the pool are
# dead, and each would cost somebody an error.
DATABASES = {"default": dj_database_url.parse(DATABASE_URL, conn_health_checks=True)}
DATABASES["default"].setdefault("OPTIONS", {})["pool"] = {
    "min_size": 1,
    "max_size": 16,
    "timeout": 10,
}
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": REDIS_URL,
        "KEY_PREFIX": "crosscheck",
        "OPTIONS": {"socket_connect_timeout": 1, "socket_timeout": 2},
    }
}
SESSION_ENGINE = "reviewapp.sessions"

AUTH_USER_MODEL = "reviewapp.User"
AUTHENTICATION_BACKENDS = ["reviewapp.accounts.Accounts"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]
LOGIN_REDIRECT_URL = "home"
LOGIN_URL = "account_login"
ACCOUNT_ADAPTER = "reviewapp.accounts.InvitedOnly"
ACCOUNT_LOGIN_METHODS = {"username"}
ACCOUNT_SIGNUP_FIELDS = ["username*", "password1*", "password2*"]
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_LOGOUT_ON_GET = False
# Whose address limits on sign-in count: behind a proxy, the one that the proxy names.
ALLAUTH_TRUSTED_PROXY_COUNT = envint("CROSSCHECK_PROXIES", 0)
EMAIL_BACKEND = "django.core.mail.backends.console.EmailBackend"

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "reviewapp.api.auth.TokenAuthentication",
        "rest_framework.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
    "DEFAULT_CONTENT_NEGOTIATION_CLASS": "reviewapp.api.negotiation.OneForm",
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "EXCEPTION_HANDLER": "reviewapp.api.errors.handle",
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Crosscheck",
    "VERSION": "1",
    "SERVE_INCLUDE_SCHEMA": False,
}

CELERY_BROKER_URL = REDIS_URL
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "visibility_timeout": 900,
    # A dead Redis costs a web request 0.2 s; the default is 6 s.
    "max_retries": 1,
    "interval_start": 0.2,
}
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_BEAT_SCHEDULE = {
    # Rows are the truth and Redis may lose everything: these pick up whatever is due.
    name: {"task": task, "schedule": seconds, "options": {"expires": seconds}}
    for name, task, seconds in (
        ("advance-runs", "evals.tasks.advance_runs", 5.0),
        ("keep-up", "reviewapp.tasks.keep_up", 5.0),
        ("seal-audit", "reviewapp.tasks.seal_audit", 60.0),
    )
}
# The default of Celery's redis client waits for ever on a dead server.
CELERY_REDIS_SOCKET_TIMEOUT = 30
CELERY_BROKER_POOL_LIMIT = 16

STATIC_URL = "static/"
STATIC_ROOT = DATA_DIR / "static"
STATIC_ROOT.mkdir(parents=True, exist_ok=True)
STATICFILES_DIRS = [BASE_DIR / "static"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "reviewapp.staticfiles.Storage"},
}

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": ["'none'"],
        "script-src": ["'self'"],
        "style-src": ["'self'"],
        "img-src": ["'self'", "data:"],
        "connect-src": ["'self'"],
        "form-action": ["'self'"],
        "base-uri": ["'none'"],
        "frame-ancestors": ["'none'"],
    }
}

LANGUAGE_CODE = "en"
TIME_ZONE = "UTC"
USE_TZ = True
DATA_UPLOAD_MAX_MEMORY_SIZE = 16 * 1024 * 1024
MAX_LINE_BYTES = envint("CROSSCHECK_MAX_LINE_BYTES", 8 * 1024 * 1024)
MAX_EXPORT_BYTES = envint("CROSSCHECK_MAX_EXPORT_BYTES", 64 * 1024 * 1024)

#: Environment variables that model versions may name beside those that start with MODEL_.
MODEL_VARIABLES = {
    name.strip() for name in envstr("CROSSCHECK_MODEL_VARIABLES").split(",") if name.strip()
}
#: Folder of recorded outputs, which model versions may name files of.
RECORDINGS = envstr("CROSSCHECK_RECORDINGS")

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "%(asctime)s %(levelname)s %(name)s: %(message)s"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["stderr"], "level": envstr("CROSSCHECK_LOG_LEVEL", "INFO")},
    "loggers": {
        "httpx2": {"level": "WARNING"},
        "openai": {"level": "WARNING"},
        "celery.worker.strategy": {"level": "WARNING"},
        "celery.app.trace": {"level": "WARNING"},
        "celery.beat": {"level": "WARNING"},
    },
}
