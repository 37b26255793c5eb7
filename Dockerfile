# Yumagate in one image: the gateway, the worker and every command of `yumagate`.
# docs/operations.md, "Container", says how it is run; docs/decisions/2026-11-25-container.md why it is built like this.

FROM node:24-bookworm-slim AS build
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN --mount=type=cache,target=/root/.npm npm ci --omit=dev
COPY . .
# The bundle, the template of a fresh database, and the packages that are not in the bundle, for this platform alone.
RUN node build.mjs && node dist/main.mjs build-template && node scripts/runtime-packages.mjs /runtime \
  && mkdir /runtime/devnet && cp -R dist openapi.yaml package.json profiles examples LICENSE /runtime \
  && cp -R devnet/experts /runtime/devnet && rm /runtime/dist/*.map \
  && find /runtime/devnet -name '*.ts' -delete && find /runtime/devnet -type d -empty -delete

FROM node:24-bookworm-slim
LABEL org.opencontainers.image.title="Yumagate" \
  org.opencontainers.image.description="A self-hosted HTTP gateway to Bittensor: the OpenAI API over specialised subnets, paid in TAO." \
  org.opencontainers.image.licenses="MIT"
ENV NODE_ENV=production HOST=0.0.0.0 PORT=8787 YUMAGATE_DATA_DIR=/data
WORKDIR /app
COPY --from=build /runtime ./
# `yumagate` for `docker exec`. Nothing but the data directory belongs to the user that runs the program.
RUN printf '#!/bin/sh\nexec node /app/dist/main.mjs "$@"\n' >/usr/local/bin/yumagate && chmod 755 /usr/local/bin/yumagate \
  && install -d -o node -g node -m 700 /data
USER node
VOLUME /data
EXPOSE 8787
HEALTHCHECK --interval=10s --timeout=5s --start-period=120s --retries=3 \
  CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.PORT}/healthz`).then((answer) => process.exit(answer.ok ? 0 : 1), () => process.exit(1))"]
# Without a shell between, so that SIGTERM reaches the gateway, which then drains.
ENTRYPOINT ["node", "--max-semi-space-size=64", "--no-parallel-scavenge", "/app/dist/main.mjs"]
CMD ["start"]
