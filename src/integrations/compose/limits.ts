/** Bounds of a Compose project, checked before anything is made of it. */
export const composeLimits = {
  /** Bytes of one file. */
  bytes: 1024 * 1024,
  /** Files read for one project, through `extends`, `include` and `env_file`. */
  files: 50,
  /** Nodes of one file once aliases are followed. */
  nodes: 100_000,
  depth: 60,
  services: 100,
  replicas: 100,
  /** Ports a range may stand for. */
  portRange: 100,
  /** Characters one value may grow to by interpolation. */
  value: 256 * 1024,
};
