#!/usr/bin/env bash
# Makes a git repository of Debian's graphite-web package plus the files of overlay/.
# usage: prepare.sh DIRECTORY
set -euo pipefail
target=${1:?usage: prepare.sh DIRECTORY}
here=$(cd "$(dirname "$0")" && pwd)
[ -e "$target" ] && [ -n "$(ls -A "$target")" ] && { echo "$target is not empty" >&2; exit 1; }
mkdir -p "$target"
target=$(cd "$target" && pwd)

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
if [ -d /usr/lib/python3/dist-packages/graphite ]; then
  root=/
else
  (cd "$scratch" && apt-get download -q graphite-web && dpkg-deb -x graphite-web_*.deb root)
  root=$scratch/root
fi
mkdir "$target/webapp"
cp -r "$root/usr/lib/python3/dist-packages/graphite" "$target/webapp/graphite"
cp "$root/usr/bin/graphite-manage" "$target/webapp/manage.py"
find "$target" -name __pycache__ -prune -exec rm -rf {} +
# The package links its settings and some scripts to places outside; a repository needs files.
find "$target" -type l | while read -r link; do
  source=$root/$(realpath -m --relative-to=/ "$(dirname "$link" | sed "s#^$target/webapp#/usr/lib/python3/dist-packages#")/$(readlink "$link")")
  rm "$link"
  [ -e "$source" ] && cp -rL "$source" "$link" || true
done
cp -r "$here/overlay/." "$target/"

cd "$target"
git init -q -b main
git add -A
git -c user.name='Gwen Graphite' -c user.email=gwen@graphite.example commit -q -m 'Import graphite-web from Debian'
git log --oneline | head -1
