#!/usr/bin/env bash
# Makes sure that debian:bookworm-slim and node:20-slim are there for the examples: pulled where a registry answers, otherwise made from
# Debian packages (mmdebstrap) and the Node of this machine. What is there already is left as it is.
#
#   build.sh [package...]     further Debian packages for a locally made debian:bookworm-slim
set -euo pipefail

packages=(ca-certificates curl git python3 python3-django gunicorn python3-sentry-sdk python3-urllib3 python3-certifi "$@")
label='org.millrace.example=base-image'

have() { docker image inspect "$1" >/dev/null 2>&1; }
# A registry that cannot be reached may take long to say so.
pull() { timeout 60 docker pull --quiet "$1" >/dev/null 2>&1; }

ensure() {
  local image=$1 make=$2
  if have "$image"; then echo "$image is there"
  elif pull "$image"; then echo "$image was pulled"
  else
    echo "$image cannot be pulled; making it here"
    "$make"
    have "$image"
  fi
}

make_debian() {
  command -v mmdebstrap >/dev/null || { echo 'mmdebstrap is missing: apt-get install mmdebstrap' >&2; exit 1; }
  local list; list=$(IFS=,; echo "${packages[*]}")
  # Standard output carries the root file system; documentation and package lists stay out, as in the official slim image.
  mmdebstrap --quiet --variant=minbase --include="$list" \
    --dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt='path-exclude=/usr/share/man/*' --dpkgopt='path-exclude=/usr/share/locale/*' \
    --customize-hook='rm -rf "$1"/var/lib/apt/lists/* "$1"/var/cache/apt/*.bin' \
    bookworm - | docker import --change "LABEL $label" --change 'CMD ["bash"]' - debian:bookworm-slim >/dev/null
}

make_node() {
  local context npm
  context=$(mktemp -d)
  npm=$(dirname "$(dirname "$(readlink -f "$(command -v npm)")")")
  cp "$(readlink -f "$(command -v node)")" "$context/node"
  cp -R "$npm" "$context/npm"
  # Registries are trusted in the image as they are on this machine, which may stand behind a proxy with a certificate of its own.
  cp /etc/ssl/certs/ca-certificates.crt "$context/"
  cat >"$context/Dockerfile" <<'DOCKERFILE'
FROM debian:bookworm-slim
COPY node /usr/local/bin/node
COPY npm /usr/local/lib/node_modules/npm
COPY ca-certificates.crt /usr/local/share/machine-certificates.crt
ENV NODE_EXTRA_CA_CERTS=/usr/local/share/machine-certificates.crt
RUN ln -s ../lib/node_modules/npm/bin/npm-cli.js /usr/local/bin/npm \
 && ln -s ../lib/node_modules/npm/bin/npx-cli.js /usr/local/bin/npx \
 && node --version && npm --version
CMD ["node"]
DOCKERFILE
  # The classic builder is always there; its notice about the newer one is not for whoever runs this.
  DOCKER_BUILDKIT=0 docker build --quiet --label "$label" --tag node:20-slim "$context" >/dev/null 2>"$context/errors" ||
    { cat "$context/errors" >&2; rm -rf "$context"; return 1; }
  rm -rf "$context"
}

docker info >/dev/null 2>&1 || { echo 'No Docker engine answers.' >&2; exit 1; }
ensure debian:bookworm-slim make_debian
ensure node:20-slim make_node
