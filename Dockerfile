# A small image of the release build. The demo is served unless a folder is mounted and named:
#   docker run -p 5433:5433 -v ./dir:/data:ro lakewire --data /data

FROM rust:1.94-bookworm AS build
WORKDIR /src
COPY Cargo.toml Cargo.lock ./
COPY src src
COPY tests/it tests/it
RUN cargo build --release --locked

FROM debian:bookworm-slim
RUN apt-get update \
    && apt-get install -y --no-install-recommends ca-certificates \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --system --home-dir /var/lib/lakewire --create-home lakewire
COPY --from=build /src/target/release/lakewire /usr/local/bin/lakewire
USER lakewire
WORKDIR /var/lib/lakewire
# Inside a container every address but loopback comes from outside of it: without TLS and users this needs to be said.
# Publish the port to 127.0.0.1 only, or configure [tls] and [[auth.users]].
ENV LAKEWIRE_SERVER_LISTEN=0.0.0.0:5433 \
    LAKEWIRE_STORAGE_DATA_DIR=/var/lib/lakewire/data
VOLUME /var/lib/lakewire/data
EXPOSE 5433
ENTRYPOINT ["/usr/local/bin/lakewire"]
