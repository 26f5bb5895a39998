FROM python:3.11.16-slim-bookworm@sha256:a36c24f9cbdf4fd0f52d67f0823eeac19c2028c637cecc392d97f980d4fec56b AS build
WORKDIR /app
COPY runtime/uv.lock.txt ./
RUN pip install --no-cache-dir --require-hashes -r uv.lock.txt
COPY pyproject.toml requirements.lock ./
# Only what the product needs, without development tools; versions and hashes come from the lock.
RUN uv venv && uv pip install --no-cache --compile-bytecode --requirements pyproject.toml --extra google --extra worker \
    --constraints requirements.lock

FROM python:3.11.16-slim-bookworm@sha256:a36c24f9cbdf4fd0f52d67f0823eeac19c2028c637cecc392d97f980d4fec56b
RUN useradd --uid 10001 --create-home tipoff
WORKDIR /app
COPY --from=build /app/.venv .venv
COPY tipoff tipoff
COPY workflows workflows
COPY activities activities
COPY cli cli
COPY runtime runtime
COPY worker.py starter.py pyproject.toml requirements.lock ./
# Compiled once here: the user below cannot write, and each start would compile everything again.
RUN .venv/bin/python -m compileall -q tipoff workflows activities cli runtime worker.py starter.py
RUN install --directory --owner=tipoff var
USER tipoff
ENV PATH=/app/.venv/bin:$PATH PYTHONUNBUFFERED=1
VOLUME /app/var
CMD ["python", "worker.py"]
