import { Fault } from '../../kernel/faults.ts';
import { type DockerEngine, engineStatus } from './client.ts';

/** Pulls that make no progress for this long are given up. */
const pullSilenceMs = 120_000;

/** Makes sure an image is there: pulled only when it is missing, one line of progress for each layer that changes its state. */
export async function ensureImage(
  docker: DockerEngine,
  image: string,
  auth: { username: string; password: string } | undefined,
  onProgress: (line: string) => void,
): Promise<void> {
  const present = await docker
    .getImage(image)
    .inspect()
    .then(
      () => true,
      (error: unknown) => {
        if (engineStatus(error) === 404) return false;
        throw error;
      },
    );
  if (present) return;
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
