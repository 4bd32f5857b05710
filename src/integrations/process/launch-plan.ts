import type { ServiceSpec } from '../../deployments/port.ts';
import type { DockerfileFacts } from './dockerfile.ts';

/** What is started, as a value. */
export interface LaunchPlan {
  argv: string[];
  /** Working directory below the instance's copy of the build. */
  directory: string;
  environment: Record<string, string>;
}

export interface Peer {
  service: string;
  /** Container port to the loopback port that stands for it. */
  ports: Record<number, number>;
}

export interface LaunchInputs {
  service: ServiceSpec;
  dockerfile: DockerfileFacts | undefined;
  /** What the room gives it. */
  environment: Record<string, string>;
  /** What this machine gives every program: PATH, LANG and the like. */
  machine: Record<string, string>;
  /** The instance's own copy of the build. */
  root: string;
  /** Its own ports, container to loopback. */
  ports: Record<number, number>;
  peers: readonly Peer[];
  /** Where a volume's target path lies on this machine. */
  volumes: { target: string; path: string }[];
}

/** Why a service cannot be started without an image, or undefined when it can. */
export function missingCommand(service: ServiceSpec, dockerfile: DockerfileFacts | undefined): string | undefined {
  if (service.process?.command !== undefined || service.command?.length || service.entrypoint?.length) return undefined;
  if (dockerfile && (dockerfile.command.length > 0 || dockerfile.entrypoint.length > 0)) return undefined;
  return `Nothing says how to start "${service.name}": its Dockerfile has neither CMD nor ENTRYPOINT`;
}

/**
 * How a service is started as a process: the command of `x-millrace.process`, else of the Compose file, else of the Dockerfile. Paths
 * of the image become paths of the copy, addresses of peers become loopback addresses, volumes become directories.
 */
export function planLaunch(inputs: LaunchInputs): LaunchPlan {
  const { service, dockerfile, root, ports } = inputs;
  const path = [dockerfile?.environment.PATH?.replace(/\$\{?PATH\}?/g, inputs.machine.PATH ?? ''), inputs.machine.PATH];
  const first = service.ports[0]?.container;
  const source = dockerfile?.source ?? '.';
  const home = source === '.' ? root : `${root}/${source}`;
  const environment: Record<string, string> = {};
  const given = {
    ...inputs.machine,
    ...dockerfile?.environment,
    PATH: path.find((each) => each !== undefined) ?? '',
    ...inputs.environment,
    ...(first !== undefined && ports[first] !== undefined ? { PORT: String(ports[first]) } : {}),
  };
  for (const [name, value] of Object.entries(given)) environment[name] = rewriteValue(value, inputs);
  const image = dockerfile?.workingDirectory ?? '/';
  const argv = commandOf(service, dockerfile).map((part) => moved(rewriteCommand(part, inputs), image, home));
  const directory = service.workingDirectory ? moved(service.workingDirectory, image, home) : home;
  return { argv, directory: directory.startsWith(root) ? directory : home, environment };
}

function commandOf(service: ServiceSpec, dockerfile: DockerfileFacts | undefined): string[] {
  if (service.process?.command !== undefined) return ['/bin/sh', '-c', service.process.command];
  const entrypoint = service.entrypoint ?? dockerfile?.entrypoint ?? [];
  // As in an image: an entrypoint given anew drops the image's own command.
  const command = service.command ?? (service.entrypoint ? [] : (dockerfile?.command ?? []));
  return [...entrypoint, ...command];
}

/** A path below the image's working directory, as a path of the copy. `/` alone moves nothing: too much begins with it. */
function moved(text: string, image: string, home: string): string {
  if (image === '/') return text;
  return text.replaceAll(new RegExp(`(?<=^|[\\s'"=:])${escapeRegExp(image)}(?=/|$|[\\s'"])`, 'g'), () => home);
}

/** An environment value: addresses of peers and paths of volumes as they are here. */
export function rewriteValue(value: string, inputs: Pick<LaunchInputs, 'peers' | 'volumes'>): string {
  let result = value;
  for (const peer of inputs.peers) {
    for (const [container, local] of Object.entries(peer.ports)) {
      const address = new RegExp(`(?<=^|//|@|,|\\s)${escapeRegExp(peer.service)}:${container}(?!\\d)`, 'g');
      result = result.replace(address, `127.0.0.1:${local}`);
    }
    const web = peer.ports[80];
    if (web !== undefined) {
      const bare = new RegExp(`(?<=^http://)${escapeRegExp(peer.service)}(?=/|$)`, 'g');
      result = result.replace(bare, `127.0.0.1:${web}`);
    }
  }
  return rewritePaths(result, inputs.volumes);
}

function rewritePaths(value: string, volumes: LaunchInputs['volumes']): string {
  let result = value;
  for (const { target, path } of volumes) {
    const place = new RegExp(`(?<=^|[:=,\\s'"]|//)${escapeRegExp(target.replace(/\/+$/, ''))}(?=/|$|[\\s'",:])`, 'g');
    result = result.replace(place, () => path);
  }
  return result;
}

/** A word of a command, or of a health check: where it names the container's own port, the loopback port stands. */
export function rewriteCommand(part: string, inputs: Pick<LaunchInputs, 'ports' | 'volumes'>): string {
  let result = part;
  for (const [container, local] of Object.entries(inputs.ports)) {
    if (result === container) return String(local);
    result = result
      .replace(
        new RegExp(`(?<![\\w.])(?:0\\.0\\.0\\.0|127\\.0\\.0\\.1|localhost|\\[::\\]|\\*)?:${container}(?!\\d)`, 'g'),
        `127.0.0.1:${local}`,
      )
      .replace(new RegExp(`(--?(?:port|p)[= ])${container}(?!\\d)`, 'g'), `$1${local}`)
      .replace(new RegExp(`(?<=runserver )${container}(?!\\d)`, 'g'), `127.0.0.1:${local}`);
  }
  return rewritePaths(result, inputs.volumes);
}

const escapeRegExp = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
