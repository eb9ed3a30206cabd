# The image of the container action: one static binary and the certificates that it trusts, nothing else.
#
# The base image is named by its exact version. A release replaces the tag by the digest that `docker buildx imagetools
# inspect` shows for it and writes that digest here, so that a tag which moves cannot change what is built.
FROM docker.io/library/rust:1.95.0-bookworm AS build
WORKDIR /build

# The dependencies in a layer of their own: it is built again only when the lock file changes.
COPY Cargo.toml Cargo.lock ./
RUN mkdir src && echo '//! A placeholder.' > src/lib.rs && cp src/lib.rs src/main.rs && echo 'fn main() {}' >> src/main.rs
COPY .ci/build-static .ci/build-static
RUN .ci/build-static

# The demo's shop is built into the program. `touch`, because cargo goes by times, and those of the sources may be older than
# the placeholders'.
COPY src src
COPY examples/vulnerable-app examples/vulnerable-app
RUN touch src/main.rs src/lib.rs && .ci/build-static /image/scangate \
    && mkdir -p /image/etc/ssl/certs && install -d -m 1777 /image/tmp \
    && cp /etc/ssl/certs/ca-certificates.crt /image/etc/ssl/certs/

FROM scratch
COPY --from=build /image /
# Only where this is set does the program read the action's inputs.
ENV SCANGATE_ACTION=1
# GitHub runs actions as root in a folder of its own choice, so there is no USER and no WORKDIR.
ENTRYPOINT ["/scangate"]
