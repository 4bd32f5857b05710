import type { Diagnostic } from '../../kernel/diagnostics.ts';
import { isPlain, type Place, type Plain, Replacing, Templated } from './document.ts';

type Path = (string | number)[];

/** Fields Compose knows at the top of a file; others must begin with `x-`. */
const topLevel = new Set([
  'version',
  'name',
  'include',
  'services',
  'networks',
  'volumes',
  'configs',
  'secrets',
  'models',
]);

/** Attributes of a service, for telling a slip of the pen. */
const serviceFields = new Set(
  (
    'annotations attach blkio_config build cap_add cap_drop cgroup cgroup_parent command configs container_name cpu_count ' +
    'cpu_percent cpu_period cpu_quota cpu_rt_period cpu_rt_runtime cpu_shares cpus cpuset credential_spec depends_on deploy ' +
    'develop device_cgroup_rules devices dns dns_opt dns_search domainname driver_opts entrypoint env_file environment expose ' +
    'extends external_links extra_hosts gpus group_add healthcheck hostname image init ipc isolation label_file labels links ' +
    'logging mac_address mem_limit mem_reservation mem_swappiness memswap_limit models network_mode networks oom_kill_disable ' +
    'oom_score_adj pid pids_limit platform ports post_start pre_stop privileged profiles provider pull_policy ' +
    'pull_refresh_after read_only restart runtime scale secrets security_opt shm_size stdin_open stop_grace_period ' +
    'stop_signal storage_opt sysctls tmpfs tty ulimits use_api_socket user userns_mode uts volume_driver volumes ' +
    'volumes_from working_dir'
  ).split(' '),
);

const mountFields = new Set('type source target read_only consistency bind volume tmpfs image'.split(' '));

const stringFields =
  'image container_name hostname user working_dir restart stop_signal platform pull_policy network_mode'.split(' ');
const mapOrList = 'environment labels annotations sysctls extra_hosts'.split(' ');
const lists = 'ports volumes expose cap_add cap_drop devices secrets configs profiles'.split(' ');

/** Everything wrong with the shape of one file, before it is merged with others. */
export function validate(value: unknown, place: Place): Diagnostic[] {
  const check = new Checker(place);
  check.project(value);
  return check.problems;
}

class Checker {
  readonly problems: Diagnostic[] = [];
  readonly #place: Place;

  constructor(place: Place) {
    this.#place = place;
  }

  #add(path: Path, message: string, hint?: string, severity: Diagnostic['severity'] = 'error'): void {
    this.problems.push({ severity, ...this.#place(path), message, hint });
  }

  #map(value: unknown, path: Path): value is Plain {
    if (isPlain(value)) return true;
    this.#add(path, `${path.join('.') || 'top-level object'} must be a mapping`);
    return false;
  }

  #list(value: unknown, path: Path): value is unknown[] {
    if (Array.isArray(value)) return true;
    this.#add(path, `${path.join('.')} must be a list`);
    return false;
  }

  #unknown(map: Plain, known: ReadonlySet<string>, path: Path, severity: Diagnostic['severity'] = 'error'): void {
    for (const key of Object.keys(map)) {
      if (known.has(key) || key.startsWith('x-')) continue;
      const where = path.length === 0 ? 'a Compose file' : path.join('.');
      this.#add([...path, key], `"${key}" is not a field of ${where}`, 'Fields of your own begin with "x-".', severity);
    }
  }

  project(value: unknown): void {
    if (!this.#map(value, [])) return;
    this.#unknown(value, topLevel, []);
    if (value.name !== undefined && typeof value.name !== 'string') this.#add(['name'], 'name must be a string');
    if (value.services !== undefined && value.services !== null && this.#map(value.services, ['services'])) {
      for (const [name, service] of Object.entries(value.services)) this.#service(service, ['services', name]);
    }
    for (const kind of ['networks', 'volumes', 'secrets', 'configs', 'models']) {
      const all = value[kind];
      if (all === undefined || all === null || !this.#map(all, [kind])) continue;
      for (const [name, each] of Object.entries(all)) {
        if (each !== null && this.#map(each, [kind, name])) this.#resource(each, [kind, name]);
      }
    }
  }

  #resource(value: Plain, path: Path): void {
    const { external } = value;
    if (external && value.driver_opts !== undefined && path[0] === 'volumes') {
      this.#add(path, `${path.join('.')}: conflicting parameters "external" and "driver_opts" specified`);
    }
    if (isPlain(external) && external.name !== undefined && value.name !== undefined) {
      this.#add(path, `${path.join('.')}: name and external.name conflict; only use name`);
    }
  }

  #service(value: unknown, path: Path): void {
    if (value instanceof Replacing) return;
    if (!this.#map(value, path)) return;
    this.#unknown(value, serviceFields, path, 'warning');
    for (const field of stringFields) {
      const each = value[field];
      if (each !== undefined && each !== null && !isText(each)) {
        this.#add([...path, field], `${path.join('.')}.${field} must be a string`);
      }
    }
    for (const field of mapOrList) this.#mapOrList(value[field], [...path, field]);
    for (const field of lists) {
      const each = value[field];
      if (each !== undefined && each !== null && !(each instanceof Replacing)) this.#list(each, [...path, field]);
    }
    for (const [index, volume] of Array.isArray(value.volumes) ? value.volumes.entries() : []) {
      this.#mount(volume, [...path, 'volumes', index]);
    }
    if (isPlain(value.build)) this.#build(value.build, [...path, 'build']);
    else if (value.build !== undefined && !isText(value.build)) this.#map(value.build, [...path, 'build']);
    for (const field of ['deploy', 'healthcheck']) {
      const each = value[field];
      if (each !== undefined && each !== null && !(each instanceof Replacing)) this.#map(each, [...path, field]);
    }
    if (isPlain(value.deploy)) this.#deploy(value.deploy, [...path, 'deploy']);
  }

  #mapOrList(value: unknown, path: Path): void {
    if (value === undefined || value === null || Array.isArray(value) || value instanceof Replacing) return;
    if (!this.#map(value, path)) return;
    if (path.at(-1) !== 'environment' && path.at(-1) !== 'labels') return;
    for (const [name, each] of Object.entries(value)) {
      if (each !== null && (typeof each !== 'object' || each instanceof Templated)) continue;
      if (each !== null)
        this.#add([...path, name], `${path.join('.')}.${name} must be a boolean, null, number or string`);
    }
  }

  #mount(value: unknown, path: Path): void {
    if (!isPlain(value)) return;
    this.#unknown(value, mountFields, path);
    if (value.type === 'bind' && (value.source === undefined || value.source === '')) {
      this.#add(path, 'invalid mount config for type "bind": field Source must not be empty');
    }
    const size = isPlain(value.tmpfs) ? value.tmpfs.size : undefined;
    if (typeof size === 'number' && !Number.isInteger(size)) {
      this.#add([...path, 'tmpfs', 'size'], `${path.join('.')}.tmpfs.size must be a integer`);
    }
  }

  #build(value: Plain, path: Path): void {
    this.#mapOrList(value.args, [...path, 'args']);
    if ('ssh' in value && value.ssh === null) this.#add([...path, 'ssh'], `${path.join('.')}.ssh must be a mapping`);
  }

  #deploy(value: Plain, path: Path): void {
    const { resources } = value;
    if (!isPlain(resources)) return;
    const at = [...path, 'resources'];
    this.#unknown(resources, new Set(['limits', 'reservations']), at);
    const devices = isPlain(resources.reservations) ? resources.reservations.devices : undefined;
    if (!Array.isArray(devices)) return;
    devices.forEach((device, index) => {
      const count = isPlain(device) ? device.count : undefined;
      if (typeof count === 'string' && count !== 'all' && !/^-?\d+$/.test(count)) {
        const message = `invalid value "${count}", the only value allowed is 'all' or a number`;
        this.#add([...at, 'reservations', 'devices', index], message);
      }
    });
  }
}

const isText = (value: unknown): boolean =>
  typeof value === 'string' || value instanceof Templated || value instanceof Replacing;
