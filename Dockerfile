# One image for web, worker and beat; the command says which. See docker-compose.yml.
FROM python:3.12-slim AS packages
RUN python -m venv /opt/venv
COPY requirements.production.lock .
RUN /opt/venv/bin/pip install --no-cache-dir --disable-pip-version-check --require-hashes -r requirements.production.lock

FROM python:3.12-slim
RUN useradd --uid 10001 --user-group --no-create-home --home-dir /app --shell /usr/sbin/nologin mpm
ENV PATH=/opt/venv/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    DJANGO_SETTINGS_MODULE=mpm.settings \
    STATIC_ROOT=/app/static-collected \
    GRANIAN_HOST=0.0.0.0 \
    GRANIAN_PORT=8000 \
    GRANIAN_WORKERS=2 \
    GRANIAN_BLOCKING_THREADS=4
WORKDIR /app
COPY --from=packages /opt/venv /opt/venv
COPY . .
# The settings insist on addresses and keys; collecting files uses none of them.
RUN DATABASE_URL=postgres://none/none REDIS_URL=redis://none:6379/0 DEVELOPMENT=0 \
    SECRET_KEY=only-while-building FIELD_KEYS=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA= \
    python manage.py collectstatic --noinput --verbosity 0 \
    && python -m compileall -q .
USER mpm
EXPOSE 8000
STOPSIGNAL SIGTERM
CMD ["granian", "--interface", "wsgi", "--no-ws", "--respawn-failed-workers", "mpm.wsgi:application"]
