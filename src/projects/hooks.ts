import { chmod, mkdir, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/**
 * Run by git once all refs of a push have moved. It leaves a receipt (so that the push is told to the log even when the
 * server is killed right now) and prints the addresses of the runs; git itself carries the text to the client.
 * Everything it knows comes by environment and standard input; ref names are only ever printed, never run.
 */
const postReceive = `#!/bin/sh
set -eu
umask 077
moves=$(cat)
receipt="$MILLRACE_RECEIPTS/$MILLRACE_PUSH"
mkdir -p "$MILLRACE_RECEIPTS"
{ printf '%s\\n' "$MILLRACE_PUSHER"; printf '%s\\n' "$moves"; } > "$receipt.new"
sync "$receipt.new" 2>/dev/null || true
mv "$receipt.new" "$receipt"

index=0
printed=0
total=$(printf '%s\\n' "$moves" | grep -c . || true)
printf '%s\\n' "$moves" | while read -r old new ref; do
  number=$(printf '%04x' "$index")
  index=$((index + 1))
  case "$new" in
    *[!0]*) ;;
    *) continue ;;
  esac
  if [ "$printed" -ge 5 ]; then
    printf 'Millrace: and more: %s/runs\\n' "$MILLRACE_PROJECT_URL"
    break
  fi
  printed=$((printed + 1))
  name=""
  if [ "$total" -gt 1 ]; then name=" ($ref)"; fi
  printf 'Millrace: run %s/runs/%s%s%s\\n' "$MILLRACE_PROJECT_URL" "$MILLRACE_RUN" "$number" "$name"
done
exit 0
`;

/** Writes git's hooks of this version; returns their directory. */
export async function installHooks(dataDir: string): Promise<string> {
  const directory = join(dataDir, 'hooks');
  await mkdir(directory, { recursive: true });
  const path = join(directory, 'post-receive');
  await writeFile(`${path}.new`, postReceive);
  await chmod(`${path}.new`, 0o755);
  // A push that is under way goes on with the old file.
  await rename(`${path}.new`, path);
  return directory;
}

/** What the hook needs to know of a push. `pushId` and `runId` end in 0000: refs are counted from there. */
export function hookEnvironment(push: {
  pushId: string;
  runId: string;
  receiptsDirectory: string;
  projectUrl: string;
  pusher: { personId: string | null; name: string };
}): Record<string, string> {
  return {
    MILLRACE_RECEIPTS: push.receiptsDirectory,
    MILLRACE_PUSH: push.pushId,
    MILLRACE_RUN: push.runId.slice(0, -4),
    MILLRACE_PROJECT_URL: push.projectUrl,
    MILLRACE_PUSHER: JSON.stringify({ runId: push.runId, pusher: push.pusher }),
  };
}
