# syntax=docker/dockerfile:1

FROM swift:6.3-bookworm AS build

# No versions: the packages follow the image's Debian release and its security fixes.
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install --yes --no-install-recommends \
        libcurl4-openssl-dev libpq-dev librdkafka-dev libsodium-dev libsqlite3-dev \
    && rm -rf /var/lib/apt/lists/*

WORKDIR /src

# The dependencies change seldom; this layer lasts until they do.
COPY Package.* ./
RUN swift package resolve

# Folder by folder: a change of config/ compiles nothing anew.
COPY App App
COPY Modules Modules
COPY Tests Tests
COPY IntegrationTests IntegrationTests
RUN swift build --configuration release --product flotilla --static-swift-stdlib \
        -Xswiftc -cross-module-optimization --explicit-target-dependency-import-check error \
    && install -D "$(swift build --configuration release --show-bin-path)/flotilla" \
        /staging/flotilla \
    && install -D /usr/libexec/swift/linux/swift-backtrace-static /staging/swift-backtrace-static

FROM debian:bookworm-slim

# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install --yes --no-install-recommends \
        ca-certificates curl libcurl4 libpq5 librdkafka1 libsodium23 libsqlite3-0 \
        libstdc++6 tzdata \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --system --uid 10001 --user-group --home-dir /srv/flotilla flotilla \
    && install --directory --owner flotilla --group flotilla /srv/flotilla/data

COPY --from=build /staging/flotilla /usr/local/bin/flotilla
COPY --from=build /staging/swift-backtrace-static /usr/local/libexec/swift-backtrace-static
COPY config/monolith.yaml /srv/flotilla/config/
COPY config/split /srv/flotilla/config/split

ENV FLOTILLA_HTTP_HOST=0.0.0.0 \
    SWIFT_BACKTRACE=enable=yes,sanitize=yes,threads=all,images=all,interactive=no,swift-backtrace=/usr/local/libexec/swift-backtrace-static

# Relative paths of the configuration, such as ./data, start here.
WORKDIR /srv/flotilla
USER 10001:10001
VOLUME ["/srv/flotilla/data"]
EXPOSE 8080

HEALTHCHECK --interval=10s --timeout=3s --start-period=30s --retries=3 \
    CMD ["sh", "-c", "exec curl -fsS -o /dev/null http://127.0.0.1:${FLOTILLA_HTTP_PORT:-8080}/health/ready"]

ENTRYPOINT ["flotilla"]
CMD ["serve", "--config", "config/monolith.yaml"]
