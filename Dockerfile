# Two stages: addons are compiled where compilers are, and run without them. The version is the one that the tests run with.
FROM node:20.20.2-bookworm AS build
WORKDIR /app
COPY package.json package-lock.json tsconfig.json tsconfig.build.json ./
RUN npm ci --no-audit --no-fund
COPY src ./src
# The lab and its packages stay out of the image.
RUN npx tsc -p tsconfig.build.json && rm -rf dist/lab dist/cli/experiment-* dist/.tsbuildinfo && npm prune --omit=dev

FROM node:20.20.2-bookworm-slim
# Ports 53 and 80 for an account that is not root. On the host's network neither a sysctl nor cap_add alone allows them:
# the capability must be on the file, too. cap_add: [NET_BIND_SERVICE] puts it into the bounding set (docker-compose.yml).
RUN apt-get update \
  && apt-get install -y --no-install-recommends libcap2-bin \
  && setcap cap_net_bind_service=+ep "$(readlink -f "$(command -v node)")" \
  && apt-get purge -y --auto-remove libcap2-bin \
  && rm -rf /var/lib/apt/lists/*
WORKDIR /app
ENV NODE_ENV=production ALIAS_TRACKER_CONFIG=/etc/alias-tracker/alias-tracker.yaml
COPY --from=build /app/node_modules ./node_modules
COPY --from=build /app/dist ./dist
COPY package.json LICENSE ./
COPY migrations ./migrations
RUN mkdir -p /var/lib/alias-tracker && chown node:node /var/lib/alias-tracker
USER node
VOLUME /var/lib/alias-tracker
# Whether the control API answers. A restart would not repair a full disk, so readiness is not asked.
HEALTHCHECK --interval=30s --timeout=10s --start-period=60s --retries=3 CMD ["node", "dist/cli/main.js", "health", "--live"]
ENTRYPOINT ["node", "dist/cli/main.js"]
CMD ["serve"]
