# The single program on an image without a shell: reco, the C library it runs on, and nothing else. It needs DATABASE_URL:
# the embedded PostgreSQL wants a shell at its first start. See docs/deployment.md.

FROM node:22.21.1-bookworm-slim AS build
WORKDIR /src
# Bun and the locked dependencies come from npm, and stay in their layer until a lock file changes.
COPY package.json bun.lock bunfig.toml ./
COPY scripts/bun-runtime.mjs scripts/with-bun.mjs scripts/
RUN node scripts/with-bun.mjs --version
COPY . .
ARG RECO_BUILD_COMMIT=unknown
RUN RECO_BUILD_COMMIT="$RECO_BUILD_COMMIT" node scripts/with-bun.mjs scripts/build.ts /image/reco
RUN sh deploy/image-root.sh /image

FROM scratch
COPY --from=build /image/ /
COPY --from=build --chown=1000:1000 /image/var/lib/ /var/lib/
ENV HOST=0.0.0.0 PORT=8080 RECO_DATA_DIR=/var/lib/reco REPORTS_DIR=/var/lib/reports
USER 1000:1000
WORKDIR /var/lib/reco
EXPOSE 8080
HEALTHCHECK --interval=30s --timeout=5s --start-period=20s --retries=5 CMD ["/reco", "healthcheck"]
ENTRYPOINT ["/reco"]
CMD ["serve"]
