# Two stages: dependencies are compiled where compilers are, and run without them.
FROM node:20-bookworm AS build
WORKDIR /app
COPY package.json package-lock.json tsconfig.json tsconfig.build.json ./
RUN npm ci --no-audit --no-fund
COPY src ./src
# The lab and its packages stay out of the image.
RUN npx tsc -p tsconfig.build.json && rm -rf dist/lab dist/cli/experiment-main.js && npm prune --omit=dev

FROM node:20-bookworm-slim
WORKDIR /app
ENV NODE_ENV=production
COPY --from=build /app/node_modules ./node_modules
COPY --from=build /app/dist ./dist
COPY package.json LICENSE ./
COPY migrations ./migrations
COPY examples ./examples
RUN mkdir -p /var/lib/alias-tracker && chown node:node /var/lib/alias-tracker
USER node
VOLUME /var/lib/alias-tracker
ENTRYPOINT ["node", "dist/cli/main.js"]
CMD ["serve", "--config", "/etc/alias-tracker/alias-tracker.yaml"]
