#!/bin/sh
# Lays out the root of an image around <folder>/reco: the libraries that the program names, its user, its folders.
set -eu
root=$1
for library in $(ldd "$root/reco" | grep -o '/[^ ]*'); do
  mkdir -p "$root$(dirname "$library")"
  cp -L "$library" "$root$library"
done
mkdir -p "$root/etc" "$root/tmp" "$root/var/lib/reco" "$root/var/lib/reports"
chmod 1777 "$root/tmp"
echo 'app:x:1000:1000:reco:/var/lib/reco:/sbin/nologin' >"$root/etc/passwd"
echo 'app:x:1000:' >"$root/etc/group"
echo 'hosts: files dns' >"$root/etc/nsswitch.conf"
