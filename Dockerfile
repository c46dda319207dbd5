# The same make targets that the tests run, in an image. The database and the broker are containers of their own.
FROM debian:12-slim
RUN apt-get update \
 && apt-get install -y --no-install-recommends ca-certificates make python3 python3-venv \
 && rm -rf /var/lib/apt/lists/*
WORKDIR /srv/onemap
COPY . .
RUN make image && useradd --system --home-dir /data onemap && install -d -o onemap /data
USER onemap
ENV ONEMAP_HOME=/data ONEMAP_HOST=0.0.0.0 ONEMAP_LOG_JSON=true
EXPOSE 8000
CMD ["bin/onemap", "serve"]
