import type { PlannedImage } from '../../pipelines/port.ts';
import { asking, type DockerEngine } from './client.ts';
import { callMs } from './place.ts';

/** On containers whose first program is their own; the driver is started beside it. */
export const driverLabel = 'millrace.driver';
/** On images whose entrypoint is to run as CircleCI has it. */
const preserveLabel = 'com.circleci.preserve-entrypoint';

/** How the driver is started in a container that runs a program of its own. */
export interface DriverExec {
  /** Path of the control directory in the container. */
  controlPath: string;
  /** What its command line holds. */
  program: string;
  user: string | undefined;
}

/**
 * What the container of a job's first image shall run in place of the driver: what the file says (`entrypoint`, `command`), or the image's
 * own where it is labelled so. It has to stay up as long as the job. Undefined for all others, whose program is passed over.
 */
export async function ownProgram(
  docker: DockerEngine,
  image: PlannedImage,
): Promise<{ Entrypoint?: string[]; Cmd?: string[] } | undefined> {
  // An empty text takes the image's entrypoint away, which is so anyhow.
  const entrypoint = image.entrypoint?.some((word) => word !== '') ? image.entrypoint : undefined;
  const given = {
    ...(entrypoint ? { Entrypoint: entrypoint } : {}),
    ...(image.command?.length ? { Cmd: image.command } : {}),
  };
  if (entrypoint || image.command?.length) return given;
  const facts = await asking(callMs, 'looking at an image', () => docker.getImage(image.image).inspect());
  const labels: Record<string, string> | null | undefined = facts.Config?.Labels;
  return labels?.[preserveLabel] === 'true' ? given : undefined;
}

/** How the driver of a container with these labels is started; undefined where the container starts it itself. */
export function driverExecOf(
  labels: Record<string, string>,
  controlPath: string,
  user: string | undefined,
): DriverExec | undefined {
  return labels[driverLabel] === 'exec' ? { controlPath, program: `${controlPath}/driver.sh`, user } : undefined;
}

/** Starts the driver beside the container's own program, once however often it is asked. */
export async function startDriver(docker: DockerEngine, name: string, driver: DriverExec): Promise<void> {
  const once = 'mkdir "$1/started" 2>/dev/null || exit 0; exec /bin/sh "$1/driver.sh"';
  await asking(callMs, 'starting the step driver', async () => {
    const exec = await docker.getContainer(name).exec({
      Cmd: ['/bin/sh', '-c', once, 'sh', driver.controlPath],
      WorkingDir: '/',
      ...(driver.user === undefined ? {} : { User: driver.user }),
    });
    await exec.start({ Detach: true });
  });
}
