# A worker of a queue, or any other command: docker run <image> worker --queue redis://host:6379/0 (docs/machines.md)

FROM node:24-bookworm AS build
WORKDIR /deepaugment
COPY . .
RUN npm ci && npm run build:binary

FROM debian:bookworm-slim
RUN useradd --uid 1000 --create-home deepaugment && mkdir /cache && chown deepaugment /cache
COPY --from=build /deepaugment/build/deepaugment /usr/local/bin/deepaugment
USER deepaugment
WORKDIR /home/deepaugment
ENV DEEPAUGMENT_HOME=/cache
VOLUME /cache
ENTRYPOINT ["deepaugment"]
