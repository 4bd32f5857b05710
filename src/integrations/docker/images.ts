import type { BuildOutput } from '../../deployments/port.ts';
import { Fault } from '../../kernel/faults.ts';
import { type DockerEngine, engineStatus, tolerate } from './client.ts';
import { label } from './labels.ts';

/** Pulls that make no progress for this long are given up. */
const pullSilenceMs = 120_000;

/** Makes sure an image is there: pulled only when it is missing, one line of progress for each layer that changes its state. */
export async function ensureImage(
  docker: DockerEngine,
  image: string,
  auth: { username: string; password: string } | undefined,
  onProgress: (line: string) => void,
): Promise<void> {
  if (await hasImage(docker, image)) return;
  onProgress(`Pulling ${image}`);
  const reference = image.includes('@') || /:[^/]+$/.test(image) ? image : `${image}:latest`;
  try {
    const stream = await docker.pull(
      reference,
      auth ? { authconfig: { ...auth, serveraddress: registryOf(image) } } : {},
    );
    await follow(docker, stream, onProgress);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new Fault('unavailable', `The image ${image} is not here and cannot be pulled: ${reason}`, {
      code: 'docker.pull',
      hint: 'Build or load it on this machine, or check its name and the registry.',
      cause: error,
    });
  }
}

function follow(
  docker: DockerEngine,
  stream: NodeJS.ReadableStream,
  onProgress: (line: string) => void,
): Promise<void> {
  const told = new Map<string, string>();
  return new Promise((resolve, reject) => {
    const give = (): void => reject(new Error('no progress for two minutes'));
    let timer = setTimeout(give, pullSilenceMs);
    docker.modem.followProgress(
      stream,
      (error) => {
        clearTimeout(timer);
        if (error) reject(error);
        else resolve();
      },
      (event: { id?: string; status?: string }) => {
        clearTimeout(timer);
        timer = setTimeout(give, pullSilenceMs);
        const { id = '', status = '' } = event;
        if (told.get(id) === status) return;
        told.set(id, status);
        if (!/^(Downloading|Extracting|Waiting)/.test(status)) onProgress(`${id ? `${id}: ` : ''}${status}`);
      },
    );
  });
}

/** Host of the registry an image reference names; Docker Hub when it names none. */
export function registryOf(image: string): string {
  const first = image.split('/')[0]!;
  const named = image.includes('/') && (first.includes('.') || first.includes(':') || first === 'localhost');
  return named ? first : 'https://index.docker.io/v1/';
}

export async function hasImage(docker: DockerEngine, image: string): Promise<boolean> {
  try {
    await docker.getImage(image).inspect();
    return true;
  } catch (error) {
    if (engineStatus(error) === 404) return false;
    throw error;
  }
}

/**
 * Takes the name a release gave to an image away, and the image with its last name. One that a container still runs from stays, as does
 * one that was not built here.
 */
export async function discardImage(
  docker: DockerEngine,
  version: string,
  output: BuildOutput & { shared: boolean },
): Promise<void> {
  if (!(await hasImage(docker, output.reference))) return;
  const facts = await docker.getImage(output.reference).inspect();
  if (facts.Config.Labels?.[label.project] === undefined) return;
  const ours = `/${output.service}:${version}`.toLowerCase();
  const names = (facts.RepoTags ?? []).filter((name) => name.startsWith('millrace/') && name.endsWith(ours));
  for (const name of names) await tolerate([404, 409], () => docker.getImage(name).remove());
  const nameless = (facts.RepoTags ?? []).length === 0;
  if (nameless && !output.shared) await tolerate([404, 409], () => docker.getImage(output.reference).remove());
}
