#!/bin/sh
# Installs Confluent's Kafka client for KAFKA_DRIVER=confluent: install.sh [folder], default .confluent.
# The addon is built from the package's own sources, which takes 1 to 5 minutes and needs a C++ compiler, make, python3,
# Node's headers and, on Debian, zlib1g-dev libssl-dev libsasl2-dev libzstd-dev libcurl4-openssl-dev.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
target=${1:-.confluent}
mkdir -p "$target"
cp "$here/package.json" "$here/package-lock.json" "$target/"
cd "$target"
npm ci --ignore-scripts --no-audit --no-fund --loglevel=error

cd node_modules/@confluentinc/kafka-javascript
prefix=$(node -p 'require("node:path").dirname(require("node:path").dirname(process.execPath))')
headers=""
if [ -d "$prefix/include/node" ]; then headers="--nodedir=$prefix"; fi
# shellcheck disable=SC2086 # No headers are no argument.
CKJS_LINKING=dynamic npx --no-install node-pre-gyp install --build-from-source $headers >build.log 2>&1 ||
  { tail -n 30 build.log >&2; exit 1; }
# What only building needed is nine tenths of it.
rm -rf build.log deps src build/Release/obj.target build/Release/.deps build/deps/*.a build/deps/include build/deps/librdkafka

cd ../../..
node -e 'console.log("librdkafka", require("@confluentinc/kafka-javascript").librdkafkaVersion)'
