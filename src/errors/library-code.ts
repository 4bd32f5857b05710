/** Where libraries and runtimes keep their code, by platform. What lies there is not the application's, whatever the client says. */
const libraryPaths: Record<string, RegExp> = {
  python: /[/\\](?:site|dist)-packages[/\\]|[/\\]lib[/\\]python\d|^<frozen /i,
  node: /[/\\]node_modules[/\\]|^node:|^internal\//,
  javascript: /\/node_modules\/|^(?:chrome|moz|safari(?:-web)?)-extension:/,
  php: /[/\\]vendor[/\\]/,
  ruby: /[/\\]gems[/\\]|[/\\]lib[/\\]ruby[/\\]/,
  go: /\/pkg\/mod\/|\/vendor\/|^\/usr\/(?:local|lib)\/go[/-]/,
  rust: /\/rustc\/|\/\.cargo\/registry\//,
};

/** Packages that come with a language's runtime, by platform. */
const libraryModules: Record<string, RegExp> = {
  java: /^(?:java|javax|jakarta|jdk|sun|com\.sun|kotlin|kotlinx|scala|groovy|org\.codehaus\.groovy)\./,
};

/**
 * Whether code lies where only libraries lie. Older clients mark every frame as the application's when they cannot tell, which would
 * make a new release of a library a new issue.
 */
export function isLibrary(place: string | null, module: string | null, platform: string): boolean {
  return (
    (place !== null && libraryPaths[platform]?.test(place) === true) ||
    (module !== null && libraryModules[platform]?.test(module) === true)
  );
}
