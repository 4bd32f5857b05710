const sizes = '(?:small|medium|large|xlarge|\\d+xlarge)';

/** Shapes of CircleCI's resource classes by executor. New sizes and generations fit; other words do not. */
const shapes = {
  docker: new RegExp(`^(?:arm\\.)?(?:${sizes}|medium|2xlarge)\\+?(?:\\.(?:gen\\d+|multi))?$`),
  machine: new RegExp(
    `^(?:(?:arm|windows|windows\\.gpu|gpu\\.nvidia|windows\\.gpu\\.nvidia|linux|android)\\.)?${sizes}\\+?(?:\\.(?:gen\\d+|multi))?$`,
  ),
  macos: new RegExp(`^(?:macos\\.(?:x86|m1|m2)\\.|m\\d+(?:pro|max)?\\.)(?:${sizes}|metal)(?:\\.gen\\d+)?$`),
} as const;

/**
 * Why a resource class cannot be meant for this kind of executor, or undefined. `namespace/name` names machines of one's own
 * and always fits.
 */
export function resourceClassProblem(kind: keyof typeof shapes, name: string): string | undefined {
  if (name.includes('/') || shapes[kind].test(name)) return undefined;
  return `"${name}" is not a resource class of ${kind} jobs`;
}
