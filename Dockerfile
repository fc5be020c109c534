# PhotoShare in a container: docs/deployment.md. Builds for amd64 and arm64, for both of which every package has a wheel.
ARG BASE=debian:bookworm-slim

FROM ${BASE} AS packages
RUN apt-get update && apt-get install --yes --no-install-recommends python3 python3-venv
WORKDIR /opt/photoshare
COPY requirements.txt .
# --no-deps: the file is complete, and face_recognition's own requirement would compile dlib for minutes.
RUN python3 -m venv .venv \
    && .venv/bin/pip install --no-cache-dir --no-deps --require-hashes --requirement requirements.txt

FROM ${BASE}
RUN apt-get update \
    && apt-get install --yes --no-install-recommends python3 \
    && rm -rf /var/lib/apt/lists/* \
    && mkdir --parents /data/photoshare \
    && chown 10001:10001 /data/photoshare \
    && chmod 700 /data/photoshare
WORKDIR /opt/photoshare
COPY --from=packages /opt/photoshare/.venv .venv
COPY LICENSE NOTICE app.py requirements.txt ./
COPY templates templates
COPY static static
COPY photoshare photoshare
COPY deploy/photoshare /usr/local/bin/photoshare
RUN .venv/bin/python -m compileall -q app.py photoshare
# One pool of freed memory instead of eight a core, as in run.sh.
ENV PHOTOSHARE_DATA=/data/photoshare MALLOC_ARENA_MAX=1 PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1
USER 10001:10001
VOLUME /data
EXPOSE 8000
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=30s --timeout=5s --start-period=60s CMD ["photoshare", "is-healthy"]
ENTRYPOINT ["photoshare"]
CMD ["--host", "0.0.0.0"]
